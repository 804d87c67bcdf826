"""Options that several verbs have: what their help says, how they are read."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.project.config import Project

# One text each, so that a verb's help is read where it is written.
ENV = {"env": "in this environment: dev, prod or one of [tool.slipway.environments] (or SLIPWAY_ENV)"}
DEPLOYED = {"env": "in this environment: prod, unless it or SLIPWAY_ENV names one of [tool.slipway.environments]"}
PROD = {"prod": "production instead of development: --env prod"} | ENV
CONTEXT = {"context": "on another machine: the name of its Docker context (or DOCKER_HOST, DOCKER_CONTEXT)"}
RUNTIME = {"runtime": "docker or host; remembered until `inv down --volumes`"}
EVERYWHERE = PROD | CONTEXT | RUNTIME
TAG = {"tag": "of another image than this tree's"}
YES = {"yes": "don't ask"}
JSON = {"json": "as JSON, for programs"}
SECRET = {"secret": "id=NAME,src=FILE for the time of the build; may be repeated"}


def number(option: str, text: str, within: range) -> int:
    """Read an option's whole number of a range.

    Raises Problem. (Invoke shows a traceback for what is no number.)
    """
    from slipway.core.errors import Problem
    from slipway.core.words import is_whole, whole

    if not is_whole(text, within):
        raise Problem(f"--{option} is {whole(within)}, not {text!r}.")
    return int(text)


def scales(text: str) -> tuple[int, dict[str, int]]:
    """Read `--scale`, like 3 or web=3,worker=2: how many of web, 0 for what it doesn't say, and of other processes.

    Raises Problem.
    """
    from slipway.core.errors import Problem
    from slipway.core.words import CONTAINERS, is_whole, whole

    found: dict[str, int] = {}
    for part in text.split(",") if text else ():
        name, _, count = part.rpartition("=")
        name = name.strip() or "web"
        if not is_whole(count.strip(), CONTAINERS) or name in found:
            each = whole(CONTAINERS)
            raise Problem(f"--scale is {each}, of web, or names each process once, as web=3,worker=2; not {text!r}.")
        found[name] = int(count)
    return found.pop("web", 0), found


def usual_scale(project: "Project") -> int:
    """Return how many containers web has in this environment unless told, 0 where nothing says so."""
    return project.place.scale if project.has_web else 0


def after_dashes(argv: Sequence[str] = sys.argv) -> list[str]:
    """Return what stands after `--` (Invoke joins it with spaces)."""
    return list(argv[argv.index("--") + 1 :]) if "--" in argv else []


def again(argv: Sequence[str] = sys.argv) -> list[str]:
    """Return the command line that calls the same verbs of the same tasks."""
    return [sys.executable, "-P", "-m", "invoke", *argv[1:]]
