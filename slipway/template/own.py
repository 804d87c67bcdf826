"""slipway.lock: which Slipway a project has, and every package that Slipway needs, with their hashes.

A file of requirements for pip. Its first line is Slipway itself; what only some verbs need is in an extra, which pip
and uv skip.
"""

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.core import resources
from slipway.template.protocol import MADE_BY

NAME = "slipway.lock"
DISTRIBUTION = "slipway-tasks"
SOURCE = "-e ."  # the folder that Slipway's own repository is
GROUP = "slipway"  # of poetry.lock there; slipway-NAME is what the extra NAME needs
INSTALLER = "installer"  # a group that is an extra under its own name: what the environment is made with
ABOUT = """\
# Slipway, and all that it needs, with hashes: .slipway/venv is made of this file. The service's packages are elsewhere.
# `./inv upgrade` writes it.
"""


def body(lock: str) -> str:
    """Return a line for each package that Slipway needs, of a poetry.lock's text.

    Raises ValueError for a package without hashes, and KeyError for what is no lock file.
    """
    lines = []
    for package in tomllib.loads(lock)["package"]:
        conditions = list(_conditions(package))
        if not conditions:
            continue
        hashes = sorted({str(file["hash"]) for file in package["files"]})
        if not hashes or "source" in package:
            raise ValueError(
                f"{package['name']} has no hashes, or comes from no index: Slipway cannot be installed so."
            )
        marker = "" if "" in conditions else " or ".join(dict.fromkeys(conditions))
        start = f"{package['name']}=={package['version']}" + (f" ; {marker}" if marker else "")
        lines.append(" ".join([start, *(f"--hash={one}" for one in hashes)]))
    return "".join(f"{line}\n" for line in lines)


def extra(group: str) -> str | None:
    """Return the extra that a group of poetry.lock is: "" for what is always needed, None for what is not Slipway's."""
    if group in (GROUP, INSTALLER):
        return "" if group == GROUP else group
    return group.removeprefix(f"{GROUP}-") if group.startswith(f"{GROUP}-") else None


def needs(pyproject: str) -> dict[str, list[str]]:
    """Return what Slipway's distribution needs ("") and each of its extras, as the repository's pyproject.toml says."""
    groups = tomllib.loads(pyproject)["dependency-groups"]
    return {name: list(groups[group]) for group in groups if (name := extra(group)) is not None}


def text(line: str, packages: str, made_by: Sequence[str] = ()) -> str:
    """Return a slipway.lock: where Slipway comes from, the packages, and the words that made the project's files."""
    noted = f"{MADE_BY}{shlex.join(made_by)}\n" if made_by else ""
    return f"{ABOUT}{noted}{line}\n{packages}"


def read(lock: str) -> tuple[str, str]:
    """Return the line that is Slipway itself, and the packages' lines; raises ValueError for what has none."""
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    if not lines or not re.match(rf"{re.escape(SOURCE)}$|\./\S+\.whl |{DISTRIBUTION}==", lines[0]):
        raise ValueError(f"{NAME} does not begin with Slipway itself.")
    return lines[0], "".join(f"{line}\n" for line in lines[1:])


def shipped() -> str:
    """Return the packages' lines that this Slipway came with."""
    if (files := resources.packaged()) is not None:
        return files[NAME].decode()
    return read((repository() / NAME).read_text(encoding="utf-8"))[1]


def repository() -> Path:
    """Return the folder of Slipway's own repository, when this Slipway lies in it."""
    return Path(str(resources.inside(""))).parent


def _conditions(package: Mapping[str, Any]) -> Iterable[str]:
    # One for each group of Slipway's that has the package; "" is always.
    given = package.get("markers", "")
    for group in package["groups"]:
        if (name := extra(group)) is None:
            continue
        marker = given if isinstance(given, str) else given.get(group, "")
        chosen = f'extra == "{name}"' if name else ""
        yield f"({marker}) and {chosen}" if marker and chosen else marker or chosen
