"""What starts a project, and what it runs before: commands of Compose files, Dockerfiles and scripts."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from slipway.adopt.composefile import DEVELOPMENT, Service
from slipway.adopt.dockerfile import Stage
from slipway.adopt.files import BESIDE, Files
from slipway.adopt.findings import at

SERVERS = re.compile(r"\b(uvicorn|gunicorn|hypercorn|granian|daphne|fastapi)\b(?!-)")
ASSIGNMENT = re.compile(r"(?m)^[ \t]*(?:export[ \t]+|local[ \t]+|readonly[ \t]+)?([A-Za-z_]\w*)=(.*)$")
VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]((?:[^{}]|\$\{[^}]*\})*))?\}|\$(\w+)")
SCRIPTS = ("*.sh", "*.bash", "Procfile", "entrypoint", "entrypoint*", "start", "start*", "prestart*", "run")
FOR_TESTS = re.compile(r"test|lint|format")
DEEPEST = 4


@dataclass(frozen=True)
class Command:
    """A line that is run, its variables put in as far as they are known, and where it stands."""

    line: str
    where: str


def of_production(files: Files, app: Service | None, stage: Stage | None, dockerfile: str) -> list[Command]:
    """Return what production runs to start the service, the scripts that it calls in the place of their names."""
    found: list[Command] = []
    if app and app.command and not DEVELOPMENT.search(app.file.rpartition("/")[2]):
        found += _unfolded(files, Command(app.command, app.where))
    if stage and stage.command:
        found += _unfolded(files, Command(stage.command, at(dockerfile, stage.command_line)))
    return found


def of_scripts(files: Files) -> list[Command]:
    """Return the lines of all scripts that are not for tests."""
    found: list[Command] = []
    for name in files.called(*SCRIPTS):
        if name.endswith(".py") or BESIDE & set(name.split("/")) or FOR_TESTS.search(name.rpartition("/")[2]):
            continue
        found += script(files, name)
    return found


def script(files: Files, name: str) -> list[Command]:
    """Return the commands of a script, their variables put in."""
    text = files.text(name)
    if "\0" in text:
        return []
    known = assigned(text)
    found = []
    for number, line in _logical(text):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            if name.rpartition("/")[2] == "Procfile":
                stripped = stripped.partition(":")[2].strip()
            found.append(Command(put_in(stripped, known), at(name, number)))
    return found


def _logical(text: str) -> Iterator[tuple[int, str]]:
    rows = text.split("\n")
    index = 0
    while index < len(rows):
        number, line = index + 1, rows[index]
        index += 1
        while line.endswith("\\") and index < len(rows):
            line = line[:-1] + " " + rows[index].strip()
            index += 1
        yield number, line


def assigned(text: str) -> dict[str, str]:
    """Return the variables of a script, as its first lines set them."""
    known: dict[str, str] = {}
    for match in ASSIGNMENT.finditer(text):
        known.setdefault(match[1], put_in(match[2].strip(), known).strip("\"'"))
    return known


def put_in(line: str, known: dict[str, str]) -> str:
    """Return a line with the variables that are known, or the defaults that it names."""

    def one(match: re.Match[str]) -> str:
        name, default = match[1] or match[3], match[2]
        return known.get(name) or (default or "").strip("\"'") or match[0]

    for _ in range(DEEPEST):
        before, line = line, VARIABLE.sub(one, line)[:10_000]
        if before == line:
            break
    return line


def _unfolded(files: Files, command: Command, depth: int = 0) -> Iterator[Command]:
    called = next((name for word in words(command.line) if (name := _script_of(files, word))), "")
    if called and depth < DEEPEST and not SERVERS.search(command.line):
        for inner in script(files, called):
            yield from _unfolded(files, inner, depth + 1)
        # What it is given is what it ends with: exec "$@"
        rest = command.line.partition(called.rpartition("/")[2])[2].strip()
        if rest:
            yield Command(rest, command.where)
        return
    for part in re.split(r"&&|\|\||;", command.line):
        if part.strip():
            yield Command(part.strip(), command.where)


def _script_of(files: Files, word: str) -> str:
    # An image has it elsewhere: /app/scripts/start.sh is scripts/start.sh.
    if not re.search(r"[\w-]", word) or word.endswith(".py") or word.startswith("-"):
        return ""
    parts = PurePosixPath(word).parts
    for begin in range(len(parts)):
        tail = "/".join(part for part in parts[begin:] if part not in ("/", "."))
        if tail and files.has(tail) and (tail.endswith((".sh", ".bash")) or files.text(tail).startswith("#!")):
            return tail
    own = parts[-1] if parts else ""
    if own.endswith((".sh", ".bash")):
        return next((name for name in files.names if name.rpartition("/")[2] == own), "")
    return ""


def words(line: str) -> list[str]:
    """Return the words of a command, quotes left out; of a broken one as they stand."""
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()
