"""The verb of the settings: which there are, where they are set, and who reads them."""

import json as json_
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import JSON
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.engine.variables import Reader
    from slipway.verbs.session import Session

READ_BY = {"service": "the service", "inv": "inv, Compose", "": "nobody in a container: ./inv env --fix"}


@task(help={"fix": "let compose.yaml pass on what reaches no container"} | JSON)
def env(_: Context, fix: bool = False, json: bool = False) -> None:
    """List the settings: where each is set, and who reads it.

    Their values are never shown.
    """
    from slipway.core.sources import source
    from slipway.project import values
    from slipway.verbs.screen import show_json, show_lines, table
    from slipway.verbs.session import begin_without

    with begin_without("env") as session:
        if fix:
            write(session, [name for name, reader in read_by(session).items() if not reader.value])
        there, file = values.given(session.project), session.project.env_file
        set_in = {name: source(name, file=file) for name in there}
        rows = [(name, set_in.get(name, ""), by.value) for name, by in read_by(session).items()]
        if json:
            show_json([{"name": name, "set-in": where or None, "read-by": by or None} for name, where, by in rows])
        elif not fix:
            lines = [(name, where or "-", READ_BY[by]) for name, where, by in rows]
            show_lines(table([("NAME", "SET IN", "READ BY"), *lines]))


def read_by(session: "Session") -> "dict[str, Reader]":
    """Return who reads each variable; raises Problem when Compose doesn't tell."""
    from slipway.engine import packaged, variables
    from slipway.engine.compose import UNREADABLE, compose_command
    from slipway.engine.stack import SERVICES
    from slipway.project import values

    packaged.provide(session.project)
    command = compose_command(session.project, "dev", SERVICES)
    config = json_.loads(session.checkout.shell.output(command, failed=UNREADABLE))
    return variables.readers(values.names(session.project), variables.given(config), session.project)


def write(session: "Session", missing: list[str]) -> None:
    """Let the Compose files pass variables on; raises Problem, and changes nothing, when there is no place for them."""
    from slipway.core.errors import Problem
    from slipway.engine import variables
    from slipway.project import values, written

    if not missing:
        session.steps.say("  nothing to write: each of them is read")
        return
    project, texts = session.project, []
    known = set(values.names(project)) - set(missing)
    for file, (names, line) in variables.wanted(missing, project.secrets).items():
        path = project.root / file
        if not names or not path.exists():
            continue
        text = variables.added(path.read_bytes().decode(), names, known, line)
        if text is None:
            lines = "\n".join(f"      {line.format(name=name)}" for name in names)
            raise Problem(f"{file} has no variables beside which these could stand. Write them by hand:\n{lines}")
        texts.append((path, text, names))
    before = {path: path.read_bytes() for path, *_ in texts}
    for path, text, _ in texts:
        written.replace(path, text.encode())
    if not arrived(session, missing):
        for path, content in before.items():
            written.replace(path, content)
        lines = "\n".join(f"      {name}:" for name in missing)
        raise Problem(
            "The Compose files could not be changed so that the service gets them, and are as they were. Write them by "
            f"hand, where {variables.SHARED} has the environment of {variables.WEB}:\n{lines}"
        )
    for path, _, names in texts:
        session.steps.note("written", f"{path.name}: {', '.join(names)}")


def arrived(session: "Session", names: list[str]) -> bool:
    """Tell whether the Compose files can be read, and the service reads these variables."""
    from slipway.core.errors import Problem

    try:
        readers = read_by(session)
    except Problem:
        return False
    return all(readers[name].value == "service" for name in names)
