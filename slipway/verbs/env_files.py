"""What `inv env` does to settings files: set a value, take a deployment's, give production one of its own."""

import getpass
import os
import sys
from typing import TYPE_CHECKING, cast

from slipway.core.errors import Problem
from slipway.project import dotenv, edits, elsewhere, hidden, taken, values, written
from slipway.project.database import PASSWORD
from slipway.project.environments import DEV, PROD, SWARM
from slipway.schema.words import in_environment
from slipway.verbs import own_file
from slipway.verbs.screen import agreed, confirm
from slipway.verbs.session import Turn, begin

if TYPE_CHECKING:
    from slipway.deploy.compose.deployment import EngineDeployment
    from slipway.project.config import Project
    from slipway.verbs.session import Session


def put(session: "Session", name: str) -> None:
    """Ask for a variable's value, and write it into the environment's file; raises Problem, and writes nothing then."""
    project, known = session.project, values.names(session.project)
    if own_file.borrows(session):
        raise Problem(
            f"{session.environment.name} has development's .env, which would change: ./inv env --split first."
        )
    if argv := project.elsewhere.get(name):
        live = "./inv up" if session.environment.is_dev else "./inv deploy"
        said = elsewhere.taken(name, argv, project.environment)
        raise Problem(f"{said}, and .env may not set it as well. Change it there, then: {live}")
    example = values.schema(project)
    if name not in known and not (example and example.is_open and dotenv.NAME.fullmatch(name)):
        raise Problem(f"{name} is unknown: add it to .env.example if the service reads it. What is known: ./inv env")
    if not project.settings_file.exists():
        raise Problem("There is no .env yet: ./inv up makes one from .env.example; with its secrets, ./inv env --pull")
    value = _asked(f"{name} in {project.env_file}: ")
    if wrong := _unfit(project, name, value):
        raise Problem(f"Nothing was written: {wrong}.")
    if hidden.is_hidden(project, name, value):
        session.steps.secrets.add(value)
    edits.change(project.settings_file, {name: value})
    session.steps.note("written", f"{name} in .env")
    if name in os.environ:
        session.steps.note("note", f"the environment sets {name} as well, and counts before .env")
    session.steps.note("next", in_environment(_next(session, name), session.environment.name))


def _next(session: "Session", name: str) -> str:
    if session.environment.is_dev:
        return "./inv up takes it over"
    if name == PASSWORD and session.settings.own_database:
        return f"./inv rotate {PASSWORD} --given gives it to the database as well"
    return "./inv deploy brings it live"


def _asked(prompt: str) -> str:
    # A value that is typed is not shown; one that is piped may have several lines, and ends without a line's end.
    if sys.stdin.isatty():
        return getpass.getpass(prompt, sys.stderr)
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")


def _unfit(project: "Project", name: str, value: str) -> str:
    if not value:
        return f"no value of {name} was given"
    try:
        dotenv.spell(value)
    except dotenv.Unreadable as reason:
        return f"{name}: {reason}"
    example = values.schema(project)
    found = hidden.misread(project, {name: value})
    if example:
        only = dotenv.Schema({name: example.required.get(name, "")}, frozenset(), is_open=True)
        found += dotenv.check({name: value}, only, project.secrets if name in project.secrets else {})
    return "; ".join(found)


def pull(session: "Session", yes: bool) -> None:
    """Write the values that the live release has into the environment's file, where it lacks them; asks first."""
    from slipway.deploy import ledger
    from slipway.deploy.compose import given

    if session.environment.is_dev:
        raise Problem("Values are taken from a deployment: name its environment, as in ./inv env --pull --prod")
    if session.project.place.orchestrator == SWARM:
        raise Problem(
            "A Swarm tells nobody what its secrets are, so there are no values to take: copy the settings file of who "
            "deploys it, or name where they come from ([tool.slipway.secrets-from], docs/secrets.md)."
        )
    own, deployment = session.loaded.within(session.environment.name), cast("EngineDeployment", session.deployment)
    known = deployment.releases.remembered()
    live = ledger.of_release(ledger.parse(known.ledger), known.pointer.release)
    found = given.of_live(deployment)
    session.steps.secrets.add(*(value for name, value in found.items() if hidden.is_hidden(own, name, value)))
    text = own.settings_file.read_text(encoding="utf-8") if own.settings_file.exists() else None
    fixed = given.fixed(deployment)
    noted = [name for name in (live.settings if live else ()) if fixed.get(name) != found.get(name)]
    names = [*noted, *given.SLIPWAYS]
    try:
        example = elsewhere.left_out(own.example, own.sought, own.environment)
        made = taken.of_deployment(text, example, values.schema(own) or dotenv.schema(""), found, names)
    except dotenv.Unreadable as reason:
        raise Problem(f"A value of the release cannot be written into .env: {reason}.") from None
    for said, which in (("otherwise than live, and left so", made.kept), ("not told by the release", made.lacking)):
        if which:
            session.steps.note("note", f"{', '.join(which)} in {own.env_file}: {said}")
    if not made.added:
        session.steps.note("settings", f"{own.env_file} lacks nothing that {deployment.releases.deployment} has")
        return
    session.steps.note("values", ", ".join(made.added))
    confirm(f"Write these values of {deployment.releases.deployment} into {own.env_file}?", yes)
    write(own, made.text)
    session.steps.note("written", f"{len(made.added)} values, in {own.env_file}")


def write(project: "Project", text: str) -> None:
    """Have a settings file with this text, which its owner alone can read where it is new; raises Problem."""
    file = project.settings_file
    try:
        if file.exists():
            written.replace(file, text.encode())
        else:
            written.create(file, text)
    except OSError as error:
        raise Problem(f"{file.name} cannot be written: {error.strerror}.") from None


def split(yes: bool) -> None:
    """Give production that was deployed with .env a file of its own, and development other secrets; asks first."""
    with begin("env", env=PROD, quietly=True) as production:
        file, own = production.loaded.settings_file, production.loaded.within(PROD)
        is_new = not own.settings_file.exists()
        if is_new and not own_file.borrows(production):
            raise Problem("There is no production that was deployed with '.env': the first deployment makes .env.prod.")
        if is_new:
            production.is_told = True  # that it has no file of its own
            production.check_secrets()
    with begin("env", env=DEV, turn=Turn.ENVIRONMENT, quietly=True) as session:
        if not file.exists():
            raise Problem("There is no .env, so there is nothing to split.")
        before = file.read_text(encoding="utf-8")
        there = before if is_new else own.settings_file.read_text(encoding="utf-8")
        made = taken.parted(
            dotenv.parse(before)[0], dotenv.parse(there)[0], own.example, own.secrets, dotenv.new_secret
        )
        if not (is_new or made.values or made.password):
            session.steps.note("settings", f"production has {own.env_file}, and development other secrets")
            return
        _say(session, own.env_file if is_new else "", made)
        if is_new or made.values:
            confirm("Change the settings files so?", yes)
        if is_new:
            write(own, before)  # first: whatever happens, production's secrets are in it
        if made.values:
            session.settings.change(made.values)
        if made.password:
            _offer(session, yes)


def _say(session: "Session", new: str, made: taken.Parted) -> None:
    note = session.steps.note
    if new:
        note("production", f"gets {new}, a copy of .env")
    if names := [name for name, value in made.values.items() if value]:
        note("new", f"{', '.join(names)} in .env: what development's has signed is refused once ./inv up took it over")
    if gone := [name for name, value in made.values.items() if not value]:
        note("gone", f"{', '.join(gone)} in .env")
    if made.same:
        note("stays", f"{', '.join(made.same)}: production's, in .env as well. Another one: ./inv env --set NAME")
    if made.password:
        which = "development's database has it too" if session.settings.own_database else "the database is production's"
        note("password", f"{PASSWORD} in .env is production's still: {which}")


def _offer(session: "Session", yes: bool) -> None:
    # Another password in development's database, as `inv rotate` gives it one.
    from slipway.verbs.rotate import in_place, next_step

    later = f"./inv rotate {PASSWORD} changes it in development"
    if not session.settings.own_database:
        session.steps.note("next", "write a database of development's own into .env: this one is production's")
    elif agreed(f"Give development's database another {PASSWORD} now?", yes):
        in_place(session, next_step(session, PASSWORD, given=False, at_once=False), yes=True)
        session.steps.note("password", f"development has a {PASSWORD} of its own")
    else:
        session.steps.note("next", later)
