"""What is there before a verb begins: data that it is about, and what another runtime has."""

from collections.abc import Callable
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.engine import client
from slipway.project.database import NO_DATABASE
from slipway.project.settings import Settings
from slipway.runtime import Runtime
from slipway.upgrade.files import cut_off

NOTHING = ("stopped", "none", "elsewhere")  # states of what does not run here


def say_what_was_cut_off(root: Path, steps: Steps) -> None:
    """Say so where files are one version's in part, and in part another's."""
    if said := cut_off(root):
        steps.note("note", said)


def need_engine_of(context: str, runtime: str, reason: str) -> None:
    """Raise Problem when this would be done here, and not on the engine of a Docker context."""
    if runtime != "docker":
        raise Problem(
            f"--context {context} names a Docker Engine, and this would be done on this host: {reason}. Nothing "
            "was done. To do it there, say --runtime docker as well; to do it here, leave --context out."
        )


def need_any_database(settings: Settings) -> None:
    """Raise Problem for a service that has no database at all."""
    if not settings.has_database:
        raise Problem(NO_DATABASE)


def need_database(settings: Settings, runtime: Runtime) -> None:
    """Raise Problem where there is no database yet: what reads one, or takes something back, makes none."""
    need_any_database(settings)
    if not runtime.database.running() and not data(runtime):
        name = runtime.name
        raise Problem(
            f"Nothing was started with {name} yet: there is no database, and none was made. ./inv up makes one."
        )


def left(name: str, runtime: Callable[[], Runtime]) -> str:
    """Say what goes on, or lies, with the runtime that was used before, "" for nothing."""
    down = f"./inv down --runtime {name}"
    try:
        if name == "docker" and (engine := client.probe()).state != "ready":
            raise Problem(engine.detail)
        before = runtime()
        runs, lies = any(one.state not in NOTHING for one in before.status().values()), bool(data(before))
    except Problem as problem:
        why = str(problem.message).strip().splitlines()[-1].rstrip(".")
        return (
            f"whether anything runs with {name}, or has data there, cannot be told ({why}). If so, it stays: "
            f"{down} stops it, with --volumes it deletes the data"
        )
    if runs and lies:
        return f"what runs with {name}, and its data, stays: {down} stops it, with --volumes it deletes the data"
    if runs:
        return f"what runs with {name} stays: {down} stops it"
    return f"the data with {name} stays: {down} --volumes deletes it" if lies else ""


def data(runtime: Runtime) -> list[str]:
    """Name the data that a runtime has, without what a lock alone makes there."""
    found: list[str] = getattr(runtime, "traces", runtime.volumes)()
    return found
