"""What git has to leave alone, and what it has to have."""

import posixpath
import re
from collections.abc import Iterable, Sequence

from slipway.adopt.findings import Untold
from slipway.core.sources import FILE

GIT = {
    ".slipway/": (".slipway", ".slipway/", "/.slipway", "/.slipway/", "**/.slipway/", ".slipway/*"),
    ".venv/": (".venv", ".venv/", "/.venv", "/.venv/", "**/.venv/", "*venv*/", ".venv*"),
    ".env": (".env", "/.env", "*.env", ".env*", "**/.env", ".env/"),
    ".env.*": (".env.*", "/.env.*", ".env*"),  # each environment's own
    "!.env.example": ("!.env.example", "!/.env.example", "!.env.*example"),
}


# What may lie in a folder that a service writes to, and is no file of the project.
WRITTEN = re.compile(r"\.gitkeep|\.keep|\.gitignore|.*\.log(\..*)?")


def git(text: str, env_file: str = FILE, written: Iterable[str] = ()) -> str:
    """Return .gitignore with what it lacks.

    `env_file` has the settings; `written` are folders that hold nothing but what the service writes.
    """
    named = {} if env_file == FILE else {".env.*": (*GIT[".env.*"], f"{env_file}*", f"/{env_file}*")}
    own = _with(text, _lacking(text, GIT | named), "# Slipway's state, and settings with secrets.")
    folders = {f"/{one}/": _spellings(one) for one in written}
    return _with(own, _lacking(own, folders), "# What the service writes.")


def _spellings(folder: str) -> tuple[str, ...]:
    # How a line names it, or what is in it.
    name = posixpath.basename(folder)
    starts = (folder, f"/{folder}", f"**/{folder}", name, f"**/{name}")
    return tuple(f"{start}{end}" for start in starts for end in ("", "/", "/*", "/**"))


def apart(written: Iterable[str], names: Sequence[str]) -> tuple[list[str], list[Untold]]:
    """Return which of the folders that are written to have no file of the project, of these; and say which have."""
    found, untold = [], []
    for folder in written:
        own = [one for one in names if one.startswith(f"{folder}/")]
        if all(WRITTEN.fullmatch(posixpath.basename(one)) for one in own):
            found.append(folder)
            continue
        untold.append(
            Untold(
                f"{folder} is written to, and the project has files there: no release has them (each container has a "
                "folder of its own there), and what is written beside them makes git's tree dirty, which a release "
                "refuses. Let the service write to a folder of its own."
            )
        )
    return found, untold


def _lacking(text: str, wanted: dict[str, tuple[str, ...]]) -> list[str]:
    there = {line.strip() for line in text.split("\n")}
    lacking = [line for line, same in wanted.items() if not there & set(same)]
    # `.env.*` would ignore the example as well, whoever wrote it.
    if "!.env.example" in lacking and ".env.*" not in lacking and not there & {".env.*", ".env*"}:
        lacking.remove("!.env.example")
    return lacking


def _with(text: str, lines: list[str], why: str) -> str:
    if not lines:
        return text
    start = text if not text or text.endswith("\n") else text + "\n"
    return start + "\n".join([*([""] if start.strip() else []), why, *lines, ""])


def tracked(names: frozenset[str], env_file: str = FILE) -> list[Untold]:
    """Say which files of settings git has, whose secrets are then in every clone."""
    return [
        Untold(
            f"git has {name}, so what is secret in it is in every clone. Take it out, replace the secrets:",
            f"git rm --cached {name}",
        )
        for name in dict.fromkeys((FILE, env_file))
        if name in names
    ]
