"""What the Compose files define around the releases: the services that stay, and an image that has a shell."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from slipway.deploy.compose.edge import Edge
from slipway.deploy.compose.files import Files
from slipway.deploy.compose.labels import PROXY
from slipway.engine.compose import UNREADABLE
from slipway.engine.stack import SERVICES, Stack


class Surroundings:
    """The definitions of a deployment's services, as Compose reads its files; each is asked for once."""

    def __init__(self, stack: Stack, files: Files, edge: Edge) -> None:
        self.stack = stack
        self.files = files
        self.edge = edge
        self.shell = stack.shell
        self._hashes: dict[tuple[str, ...], dict[str, str]] = {}
        self._services: dict[tuple[str, ...], dict[str, Any]] = {}

    @cached_property
    def image(self) -> str:
        """The proxy's image, which has a shell as well: that of its container, whatever the Compose files say by now.

        Without web as well, where it is that of helpers alone.
        """
        proxy = self.stack.container(PROXY)
        return proxy.image_id if proxy else self._wanted_image

    @cached_property
    def _wanted_image(self) -> str:
        config = self.stack.bare("config", "--images", PROXY)
        return self.shell.output(config, env=self.stack.env(), failed=UNREADABLE).split()[-1]

    def hashes(self, port: int) -> Mapping[str, str]:
        """Return the hash of each service's definition, as Compose notes it at a container that it makes of it."""
        command, env = self._compose("config", "--hash", "*"), self._env(port)
        if (key := (*command, *env.values())) not in self._hashes:
            said = self.shell.output(command, env=env)
            self._hashes[key] = dict(line.split() for line in said.splitlines())
        return self._hashes[key]

    def services(self, port: int) -> Mapping[str, Any]:
        """Return the definition of each service, as Compose reads its files."""
        command, env = self._compose(*SERVICES), self._env(port)
        if (key := (*command, *env.values())) not in self._services:
            self._services[key] = json.loads(self.shell.output(command, env=env, failed=UNREADABLE))["services"]
        return self._services[key]

    def _compose(self, *args: str) -> list[str]:
        return self.stack.compose(*args, ipv6=self.edge.wanted())

    def _env(self, port: int) -> dict[str, str]:
        return self.stack.env(port) | (self.edge.variables if self.edge.wanted() else {})
