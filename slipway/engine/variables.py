"""Which variables of the service the Compose files pass on to its containers.

There is no `env_file`: `docker inspect` would show what production keeps secret.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

from slipway.core.errors import Problem
from slipway.core.sources import placed
from slipway.engine import packaged
from slipway.engine.compose import RELEASE, files
from slipway.project.config import Project
from slipway.project.dotenv import FOREIGN

WEB = "web"
SHARED, PRODUCTION = "compose.yaml", "compose.prod.yaml"
# What `inv` reads itself; what the Compose files read, they name.
OWN = frozenset(("BIND_ADDRESS", "TRUSTED_PROXIES", "DOMAIN", "PORT", "HTTPS_PORT", "METRICS_PORT"))
READ = re.compile(r"(?<!\$)\$\{?([A-Za-z_]\w*)")
GIVEN, RESET = "{name}:", "{name}: !reset null"


class Reader(Enum):
    """Who reads a variable."""

    SERVICE = "service"
    INV = "inv"
    NOBODY = ""


def readers(names: Iterable[str], given: Collection[str], project: Project) -> dict[str, Reader]:
    """Return who reads some variables; `given` are those of the service's containers.

    What Compose reads, in the project's files, counts as read by `inv`; what the image makes itself, by the service.
    """
    paths = [packaged.file(project, file) for file in files()]
    texts = [path.read_text(encoding="utf-8") for path in paths if path.exists()]
    by_inv = OWN | {name for text in texts for name in READ.findall(text)}

    def reader(name: str) -> Reader:
        if name in given or name in project.database.rendered:
            return Reader.SERVICE
        return Reader.INV if name in by_inv or FOREIGN.fullmatch(name) else Reader.NOBODY

    return {name: reader(name) for name in names}


def given(config: Mapping[str, Any]) -> set[str]:
    """Return the variables that the service's container is given, of what Compose reads."""
    return set(config["services"].get(WEB, {}).get("environment") or ())


def check(names: Iterable[str], given: Collection[str], project: Project) -> None:
    """Raise Problem for variables that are set, and would reach no container."""
    if missing := [name for name, by in readers(names, given, project).items() if by is Reader.NOBODY]:
        lines = "\n".join(f"      {GIVEN.format(name=name)}" for name in missing)
        them, what = ("it", "the line that is") if len(missing) == 1 else ("them", "the lines that are")
        raise Problem(
            f"{placed(*missing)} would reach no container: {SHARED} does not pass {them} on. ./inv env --fix writes "
            f"{what} missing, beside the other variables there:\n{lines}"
        )


def added(text: str, names: Iterable[str], beside: Collection[str], line: str = GIVEN) -> str | None:
    """Return the text of a Compose file with more variables, after the last of those that it has `beside` them.

    Where they are a list, the new ones are as well. None when there are none beside which they could stand.
    """
    lines = text.splitlines(keepends=True)
    blocks = list(_blocks(lines, beside, line))
    if not blocks:
        return None
    last = max(blocks, key=len)[-1]
    indent, dash, end = re.match(r"(\s*)(- )?.*?(\r?\n?)$", lines[last], re.DOTALL).groups()  # type: ignore[union-attr]
    new = [f"{indent}- {name}" if dash else f"{indent}{line.format(name=name)}" for name in names]
    if not end:
        lines[last] += "\n"
    lines[last + 1 : last + 1] = [f"{one}{end or chr(10)}" for one in new]
    return "".join(lines)


def wanted(names: Collection[str], secret: Collection[str]) -> dict[str, tuple[list[str], str]]:
    """Return what each Compose file has to have: by its name, the variables, and how a line of it looks.

    In production, what is secret is a file, and no variable.
    """
    hidden = [name for name in names if name in secret]
    return {SHARED: (list(names), GIVEN), PRODUCTION: (hidden, RESET), RELEASE: (hidden, RESET)}


def _blocks(lines: list[str], beside: Collection[str], line: str) -> Iterator[list[int]]:
    # Lines of one mapping or list that each pass a known variable on.
    tail = re.escape(line.removeprefix(GIVEN).strip()) or ".*"
    names = "|".join(map(re.escape, sorted(beside)))
    known = re.compile(rf"""\s+(?:- ["']?)?(?:{names})\b["']?[:=]?\s*{tail}\s*(?:#.*)?""")
    block: list[int] = []
    width = 0
    for number, raw in enumerate(lines):
        text = raw.rstrip()
        if not text or text.lstrip().startswith("#"):
            continue
        indent = len(text) - len(text.lstrip())
        if block and indent < width:
            yield block
            block = []
        if known.fullmatch(text) and (not block or indent == width):
            block.append(number)
            width = indent
    if block:
        yield block
