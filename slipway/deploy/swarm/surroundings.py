"""What the Compose files define around the releases, for a Swarm."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from slipway.deploy.compose.labels import PROXY
from slipway.engine.compose import UNREADABLE
from slipway.engine.stack import SERVICES, Stack


class Definitions:
    """The definitions of the services around the releases, as Compose reads its files; asked for once a port."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._read: dict[tuple[str, ...], dict[str, Any]] = {}

    def config(self, port: int) -> Mapping[str, Any]:
        """Return all that Compose reads; raises Problem."""
        command, env = self.stack.compose(*SERVICES), self.stack.env(port)
        if (key := (*command, *env.values())) not in self._read:
            said = self.stack.shell.output(command, env=env, failed=UNREADABLE)
            self._read[key] = json.loads(said)
        return self._read[key]

    def services(self, port: int) -> Mapping[str, Any]:
        """Return the definition of each service; raises Problem."""
        found: Mapping[str, Any] = self.config(port)["services"]
        return found

    @cached_property
    def image(self) -> str:
        """The proxy's image, which has a shell as well, as the Compose files call it; raises Problem."""
        config = self.stack.bare("config", "--images", PROXY)
        return self.stack.shell.output(config, env=self.stack.env(), failed=UNREADABLE).split()[-1]
