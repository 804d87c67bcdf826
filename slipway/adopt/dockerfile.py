"""A Dockerfile, as far as it tells how its image runs."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
HEREDOC = re.compile(r"<<-?[\"']?(\w+)[\"']?")
PYTHON = re.compile(r"(?:^|/)python:v?(3\.\d+)(?:\.\d+)?[^-]*(?:-(\S+))?$|python(3\.\d+)")
VENV = re.compile(r"(/[\w./-]*(?:venv|env|virtualenv)[\w.-]*)/bin")


@dataclass(frozen=True)
class Line:
    """An instruction, its arguments, and the line it begins in."""

    name: str
    rest: str
    number: int


@dataclass
class Stage:
    """A stage: what it is made of, and how its image would run; `base` is an image, or another stage's name."""

    base: str
    name: str
    number: int
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    command: str = ""
    command_line: int = 0
    health: str = ""
    health_line: int = 0
    ports: list[str] = field(default_factory=list)
    copies: list[tuple[list[str], str, int]] = field(default_factory=list)  # from the context alone
    taken: list[str] = field(default_factory=list)  # from other stages and images


def lines(text: str) -> Iterator[Line]:
    """Yield the instructions of a Dockerfile; what is none is left out."""
    rows = text.split("\n")
    index = 0
    while index < len(rows):
        number, statement = index + 1, rows[index]
        index += 1
        if not statement.strip() or statement.lstrip().startswith("#"):
            continue
        while statement.rstrip().endswith("\\") and index < len(rows):
            following = rows[index]
            index += 1
            if not following.lstrip().startswith("#"):
                statement = statement.rstrip()[:-1] + " " + following.strip()
        if ends := HEREDOC.search(statement):
            while index < len(rows) and rows[index].strip() != ends[1]:
                index += 1
            index += 1
        if found := INSTRUCTION.fullmatch(statement):
            yield Line(found[1].upper(), found[2].strip(), number)


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile; each begins with what the stage it is made of ends with."""
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for line in lines(text):
        if line.name == "ARG" and not found:
            key, _, value = line.rest.partition("=")
            arguments[key.strip()] = value.strip().strip("\"'")
        elif line.name == "FROM":
            words = [word for word in line.rest.split() if not word.startswith("--")]
            alias = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
            base = expanded(words[0] if words else "", arguments)
            below = next((one for one in reversed(found) if one.name and one.name.lower() == base.lower()), None)
            stage = Stage(base, alias, line.number)
            if below:
                stage.base, stage.env, stage.workdir = below.base, dict(below.env), below.workdir
                stage.command, stage.command_line = below.command, below.command_line
                stage.health, stage.health_line = below.health, below.health_line
                stage.ports, stage.copies, stage.taken = list(below.ports), list(below.copies), list(below.taken)
            found.append(stage)
        elif found:
            _apply(found[-1], line)
    return found


def _apply(stage: Stage, line: Line) -> None:
    if line.name == "ENV":
        stage.env |= {key: expanded(value, stage.env) for key, value in _pairs(line.rest)}
    elif line.name == "WORKDIR":
        stage.workdir = str(PurePosixPath(stage.workdir) / expanded(line.rest.strip("\"'"), stage.env))
    elif line.name == "CMD" or (line.name == "ENTRYPOINT" and not stage.command):
        stage.command, stage.command_line = command(line.rest), line.number
    elif line.name == "ENTRYPOINT":
        stage.command = f"{command(line.rest)} {stage.command}"
    elif line.name == "HEALTHCHECK" and "CMD" in line.rest:
        stage.health, stage.health_line = command(line.rest.partition("CMD")[2].strip()), line.number
    elif line.name == "EXPOSE":
        stage.ports += [port.partition("/")[0] for port in line.rest.split()]
    elif line.name in ("COPY", "ADD"):
        words = [word for word in command(line.rest).split() if not word.startswith("--")]
        if "--from=" in line.rest:
            stage.taken += words[:-1]
        elif len(words) > 1:
            stage.copies.append((words[:-1], words[-1], line.number))


def _pairs(rest: str) -> list[tuple[str, str]]:
    try:
        words = shlex.split(rest, posix=True)
    except ValueError:
        words = rest.split()
    if words and "=" not in words[0]:  # ENV NAME value
        return [(words[0], " ".join(words[1:]))]
    return [(key, value) for key, _, value in (word.partition("=") for word in words)]


def command(rest: str) -> str:
    """Return a command in one line, of the form with a list as well."""
    if rest.lstrip().startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return rest
        if isinstance(words, list):
            return " ".join(str(word) for word in words)
    return rest


def expanded(value: str, known: dict[str, str]) -> str:
    """Return a text with the variables that are known, and the defaults of others."""

    def put(match: re.Match[str]) -> str:
        return known.get(match[1] or match[3]) or match[2] or ""

    return re.sub(r"\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)", put, value)


def python_of(stage: Stage) -> tuple[str, str]:
    """Return the version of Python that an image has by its name, and the rest of its tag; "" when that says none."""
    found = PYTHON.search(stage.base)
    return (found[1] or found[3] or "", found[2] or "") if found else ("", "")


def interpreter_of(stage: Stage) -> str:
    """Return the folder of the environment that a stage's image runs in, "" for the image's own Python."""
    for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        if stage.env.get(name, "").startswith("/"):
            return "" if stage.env[name] in ("/usr", "/usr/local") else stage.env[name]
    found = VENV.search(stage.env.get("PATH", ""))
    return found[1] if found else ""
