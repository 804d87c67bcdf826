"""A command in a container of its own beside the service in development: of this tree's image, with its source."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.engine import asked, attached, containers, jobs
from slipway.engine.attached import Aside
from slipway.engine.stack import Stack
from slipway.runtime.release import WEB


def launch(stack: Stack, argv: Sequence[str], tag: str, detached: bool) -> str:
    """Run a command in the image that Compose's files name, which is there; see `Runtime.launch`. Raises Problem."""
    if tag:
        raise Problem("--tag is for production. In development the image is this tree's: leave --tag out.")
    shell = stack.shell
    jobs.remove_left_behind(shell, stack.name)

    def facts() -> Mapping[str, Any]:
        try:
            return attached.made(shell, stack.compose, WEB, stack.env(), one.like)
        finally:
            asked.tidy(shell, containers.remove_command(one.like, volumes=True))

    one = Aside(stack.name, jobs.any_name("run"), argv, facts)
    return attached.launch(shell, one, detached)
