"""The verb of the settings: which there are, where they are set, and who reads them."""

import json as json_
import os
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import CONTEXT, JSON, PROD, YES
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.engine.variables import Reader
    from slipway.project.config import Project
    from slipway.verbs.session import Session

AGAINST = {
    "": "-", "same": "the same", "other": "another value", "here": "set here alone",
    "there": "set in {other} alone", "unknown": "not looked up",
}  # fmt: skip
READ_BY = {"service": "the service", "inv": "inv, Compose", "": "nobody in a container: ./inv env --fix"}


@task(
    help=PROD
    | CONTEXT
    | YES
    | {
        "against": "tell which values another environment has otherwise",
        "set": "ask for the value of a variable, or read it from a pipe, and write it into the file",
        "pull": "write what the live release has, and the file lacks, into it; asks first",
        "split": "give production, deployed with .env, a file of its own, and development new secrets; asks first",
        "fix": "let compose.yaml pass on what reaches no container",
    }
    | JSON
)
def env(
    _: Context,
    against: str = "",
    set: str = "",
    pull: bool = False,
    split: bool = False,
    fix: bool = False,
    prod: bool = False,
    env: str = "",
    context: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """List the settings: where each is set, and who reads it.

    Their values are never shown.
    """
    from slipway.core.errors import Problem
    from slipway.project import environments
    from slipway.project import root as roots
    from slipway.verbs.session import begin

    given = {"against": against, "set": set, "pull": pull, "split": split, "fix": fix}
    if len(both := [f"--{name}" for name, value in given.items() if value]) > 1:
        raise Problem(f"{both[0]} and {both[1]} exclude each other.")
    if split:
        apart(env, yes)
        return
    other = environments.Asked(env=against).choose(environments.names(roots.here())) if against else ""
    with begin("env", prod, env, context=context, quietly=True) as session:
        if set or pull:
            from slipway.verbs import env_files

            env_files.put(session, set) if set else env_files.pull(session, yes)
        elif fix:
            write(session, [name for name, reader in read_by(session).items() if not reader.value])
        if json or not (set or pull or fix):
            show(session, other, json)


def apart(env: str, yes: bool) -> None:
    """Give production a file of its own, asked for with this --env; raises Problem."""
    from slipway.core.errors import Problem
    from slipway.project.environments import DEV, PROD
    from slipway.verbs import env_files

    if env not in ("", PROD):
        raise Problem(f"--split is about {PROD} and {DEV}: leave --env {env} out.")
    env_files.split(yes)


def show(session: "Session", other: str, as_json: bool) -> None:
    """Show where each setting comes from, who reads it, and with another environment, what is otherwise there."""
    from slipway.core.errors import Problem
    from slipway.project import taken, values
    from slipway.verbs.screen import show_json, show_lines, table

    here, beside = values.given(session.project), session.loaded.within(other or session.environment.name)
    if other and not beside.settings_file.exists():
        raise Problem(f"There is no {beside.env_file} here, so nothing to compare with.")
    same = taken.differences(here, values.given(beside)) if other else {}
    same |= dict.fromkeys([*session.project.sought, *beside.sought], "unknown") if other else {}
    rows = [(name, origin(session.project, name, here), by.value) for name, by in read_by(session).items()]
    if as_json:
        more = {name: {"against": same.get(name)} if other else {} for name, *_ in rows}
        show_json(
            [{"name": name, "set-in": where or None, "read-by": by or None} | more[name] for name, where, by in rows]
        )
        return
    heads = ("NAME", "SET IN", "READ BY", *([f"AGAINST {other}"] if other else []))
    lines = [
        (name, where or "-", READ_BY[by], *([AGAINST[same.get(name, "")].format(other=other)] if other else []))
        for name, where, by in rows
    ]
    show_lines(table([heads, *lines]))


def origin(project: "Project", name: str, given: "Mapping[str, str]") -> str:
    """Say where a variable is set; "" where its default holds."""
    from slipway.core.sources import source
    from slipway.project import dotenv, elsewhere
    from slipway.project.database import NAMES

    if name in project.database.rendered and name not in NAMES:
        return "made of DATABASE_*"
    if argv := project.sought.get(name):
        return f"secrets-from: {elsewhere.program(argv)}"
    if name not in given:
        return ""
    file = project.settings_file
    in_file = dotenv.parse(file.read_text(encoding="utf-8"))[0] if file.exists() else {}
    table = f"pyproject.toml, {project.environment}"
    return table if name not in os.environ and name not in in_file else source(name, file=project.env_file)


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
