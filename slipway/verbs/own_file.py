"""Which file has an environment's settings: its own; and for a production of before, still that of development."""

import os

from slipway.core.errors import Problem
from slipway.project.environments import PROD
from slipway.project.settings import COMPOSE_NAME
from slipway.verbs.seen import Seen

SPLIT = "./inv env --split"
OF_NONE = ("build", "export", "test")  # to which a deployment is nothing


def settle(session: Seen, verb: str) -> None:
    """Let a production that is there go on with development's file, as long as it has none of its own.

    Raises Problem when whether it is there cannot be told.
    """
    own, shared = session.project, session.loaded.within(PROD, session.loaded.env_file)
    if verb in OF_NONE or session.environment.name != PROD:
        return
    if os.path.lexists(own.settings_file) or not shared.settings_file.exists():
        return
    session.see(shared)
    if not _found(session):
        session.see(own)


def tell_compose(session: Seen) -> None:
    """Let Compose have what neither the settings file nor the shell says; for as long as the verb is at work."""
    beyond = session.settings.beyond(session.loaded)
    if name := beyond.pop(COMPOSE_NAME, ""):
        os.environ[COMPOSE_NAME] = name
    session.shell.beneath = beyond


def borrows(session: Seen) -> bool:
    """Tell whether an environment has no file of its own, and goes on with development's."""
    return not session.environment.is_dev and session.project.env_file == session.loaded.env_file


def check(session: Seen) -> None:
    """Raise Problem where other secrets would be made, or taken, than those of the deployment that is there."""
    if session.environment.is_dev:
        return
    name = session.environment.name
    where = f"{session.project.name} is in production" if name == PROD else f"{session.project.name} has {name}"
    if borrows(session):
        own = session.loaded.within(name).env_file
        if session.is_deployed and (other := _other(session)):
            raise Problem(
                f"There is no {own}, and {where} already, with other secrets than .env has: {', '.join(other)}. .env "
                f"is development's. Nothing was changed. Take them from it: ./inv env --pull. Or copy the {own} of who "
                f"deploys it into this folder, then run this again. If .env is production's, changed on purpose: cp -p "
                f"{session.project.env_file} {own}"
            )
        _note(session, own)
    elif session.settings.is_missing and (found := _found(session)):
        copy = "Take them from it: ./inv env --pull. Or copy" if session.is_deployed else "Copy"
        raise Problem(
            f"There is no .env, and {where} already: {', '.join(found)}. A new one would have other secrets. Nothing "
            f"was changed. {copy} the .env of who deploys it into this folder, then run this again."
        )


def _note(session: Seen, own: str) -> None:
    if not session.is_told:
        session.is_told = True
        session.steps.note("settings", f".env, with which it was deployed; for a file of its own, {own}: {SPLIT}")


def _found(session: Seen) -> list[str]:
    # What there is of the environment; raises Problem when that cannot be told.
    if session.choice[0] == "docker":
        return session.deployment.traces()
    return session.runtime.volumes() or ([str(session.memory.file)] if session.memory.read() == "host" else [])


def _other(session: Seen) -> list[str]:
    # The secrets that the live release has otherwise; none where it isn't noted what it has.
    from slipway.deploy import ledger
    from slipway.deploy.settings import differing

    known = session.deployment.releases.remembered()
    live = ledger.of_release(ledger.parse(known.ledger), known.pointer.release)
    project, now = session.project, session.settings.values
    names = [name for name in project.secrets if name not in project.sought]
    return differing(now, live.settings if live else {}, names, known.salt)
