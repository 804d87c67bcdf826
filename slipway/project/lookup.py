"""Look up the secrets that are taken from elsewhere: run their programs, and take what these print.

The programs are somebody's own: each has a time, no terminal and nothing to read. A value is kept in memory alone.
"""

import os
from collections.abc import Mapping, Sequence

from slipway.core import bounded
from slipway.core.errors import Problem
from slipway.core.secrecy import Secrets
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import database, dotenv, elsewhere, hidden, values
from slipway.project.config import Project

SECONDS = 10  # of each
LINES = 20  # of what one says beside its value


def look_up(project: Project, shell: Shell, seconds: float = SECONDS) -> dict[str, str]:
    """Return the secrets that are taken from elsewhere; raises Problem for the first one that cannot be."""
    if not project.sought:
        return {}
    with shell.steps.step("secrets", elsewhere.placed(project.sought)):
        found = {name: _value(project, shell, name, argv, seconds) for name, argv in project.sought.items()}
    shell.steps.secrets.add(*found.values())
    return found


def unfit(project: Project, known: Mapping[str, str]) -> list[str]:
    """Return what is wrong with values by what they hold, and those of a file that are taken from elsewhere as well."""
    own, file, where = project.own_file, project.env_file, elsewhere.table(project.environment)
    shared = "" if file == own else f" (first: cp -p {file} {own}, as '{file}' is development's as well)"
    doubled = [
        f"{name} is set in '{file}', and {where} takes it from {elsewhere.program(argv)}: delete its line in "
        f"{own}{shared}"
        for name, argv in project.sought.items()
        if known.get(name)
    ]
    return doubled + hidden.misread(project, known)


def _value(project: Project, shell: Shell, name: str, argv: Sequence[str], seconds: float) -> str:
    of = elsewhere.taken(name, argv, project.environment)
    try:
        said = bounded.ask(shell, argv, os.environ, seconds)
    except Problem as problem:
        raise Problem(
            f"{of}, and {problem.message} Install it, or set {name} in the environment, then run this again."
        ) from None
    value = said.out.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")
    _show(shell.steps, elsewhere.program(argv), said.err, value)
    if why := _failed(said, value, seconds):
        raise Problem(
            f"{of}, and that {why}. Have it work in this folder, without a terminal (it may have to be logged in "
            f"first), or set {name} in the environment, then run this again."
        )
    if findings := _unfit(project, name, value):
        raise Problem(f"{of}, and cannot be used: {'; '.join(findings)}. Change it there, then run this again.")
    return value


def _show(steps: Steps, program: str, err: bytes, value: str) -> None:
    # What it says is shown without what it has printed: nobody knows yet whether that is the secret.
    said = Secrets([value]).redact(err.decode(errors="replace"))
    for line in said.splitlines()[-LINES:]:
        steps.say(f"  {program}: {line}")


def _failed(said: bounded.Said, value: str, seconds: float) -> str:
    above = "; what it said stands above" if said.err.strip() else ""
    if said.status is None:
        return f"did not end in {seconds:g} s, and was ended{above}"
    if said.status:
        return f"ended with status {said.status}{above}"
    if len(said.out) > bounded.MOST:
        return f"printed more than {bounded.MOST} bytes, which are no secret"
    return "" if value else f"printed nothing{above}"


def _unfit(project: Project, name: str, value: str) -> list[str]:
    if "\0" in value:
        return [f"{name} has a byte that is 0"]
    alone = dotenv.Schema({name: ""}, frozenset(), is_open=True)
    found = dotenv.check({name: value}, alone, project.secrets) + hidden.misread(project, {name: value})
    if name == database.PASSWORD and values.hostname(project) == database.OWN:
        found += database.unfit({name: value})
    return found
