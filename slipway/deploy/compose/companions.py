"""The companions of a deployment: they go on while releases come and go, and are made anew when that is asked for."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slipway.core.errors import Problem
from slipway.engine.stack import Stack
from slipway.runtime import companions
from slipway.runtime.beside import Companions


class DeployedCompanions:
    """The companions of a deployment.

    `services` are defined by the Compose files, for a port, and have these `hashes`; `others` are a release's.
    """

    def __init__(
        self,
        stack: Stack,
        services: Callable[[int], Mapping[str, Any]],
        hashes: Callable[[int], Mapping[str, str]],
        others: Callable[[], Collection[str]],
    ) -> None:
        self.stack = stack
        self.services = services
        self.hashes = hashes
        self.others = others

    def look(self, port: int, anew: Sequence[str]) -> Companions:
        """Look how they are, and which of them are to be made anew; raises Problem for one that there isn't."""
        services = self.services(port)
        names = companions.named(services, self.others())
        if unknown := [one for one in anew if one not in names]:
            known = f"there are {', '.join(names)}" if names else "there are none"
            raise Problem(f"--recreate is for services beside the release, and {unknown[0]} is none: {known}.")
        companions.check(services, names)
        hashes = [self.hashes(port), self._without_order(services, names, port)] if names else []
        return replace(companions.look(self.stack, services, names, hashes), anew=tuple(anew))

    def _without_order(self, services: companions.Services, names: Sequence[str], port: int) -> Mapping[str, str]:
        # Started one by one (--no-deps), a container is noted to have been made of a definition without depends_on.
        reset = [
            f"  {json.dumps(name)}: {{depends_on: !reset {{}}}}\n" for name in names if services[name].get("depends_on")
        ]
        if not reset:
            return self.hashes(port)
        more = self.stack.more("companions.yaml", "".join(["services:\n", *reset]))
        said = self.stack.shell.output(self.stack.compose(more, "config", "--hash", "*"), env=self.stack.env(port))
        return dict(line.split() for line in said.splitlines())

    def start(self, found: Companions, port: int, late: bool) -> None:
        """Start those that don't run, and make others anew: those that need no migration, or, `late`, the others.

        Raises Problem.
        """
        services = self.services(port)
        behind = companions.late(services, found.names)
        coming = [one for one in found.coming if (one in behind) is late]
        if not coming:
            return
        with self.stack.shell.steps.step("companions", ", ".join(coming)):
            for name in coming:
                how = ["--force-recreate"] if name in found.anew else []  # one that doesn't run is made as defined now
                companions.start(self.stack, services, [name], port, *how)
