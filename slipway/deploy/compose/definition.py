"""compose.release.yaml, as Compose reads it for a release that has no name yet."""

import json
from functools import cached_property
from typing import Any

from slipway.deploy.compose.groups import environments
from slipway.engine.compose import ANY, UNREADABLE, release_variables
from slipway.engine.containers import WEB
from slipway.engine.stack import SERVICES, Stack


class Definition:
    """What a release of a deployment would be made of."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    @cached_property
    def config(self) -> dict[str, Any]:
        """All that Compose reads; raises Problem."""
        command = self.stack.compose_release(ANY, *SERVICES)
        said = self.stack.shell.output(command, env=release_variables(self.stack.name), failed=UNREADABLE)
        found: dict[str, Any] = json.loads(said)
        if not self.stack.project.has_web:  # what the others are like, and is never started
            found["services"].pop(WEB, None)
        return found

    @property
    def services(self) -> dict[str, Any]:
        """Its services."""
        found: dict[str, Any] = self.config["services"]
        return found

    def variables(self) -> dict[str, str]:
        """Return the variables that its containers are given, and say which secrets they are given as such."""
        given = environments(self.services)
        if shown := [name for name in self.stack.project.secrets if given.get(name)]:
            lines = ", ".join(f"{name}: !reset null" for name in shown)
            self.stack.shell.steps.say(
                f"  compose.release.yaml gives secrets to the environment as well; to leave that: {lines}"
            )
        return {name: value for name, value in given.items() if value is not None}
