"""What is there before a verb begins: data that it is about, and what another runtime has."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.engine import client, packaged
from slipway.project.checkout import Checkout
from slipway.project.database import NO_DATABASE
from slipway.project.environments import PROD, SWARM
from slipway.project.settings import Settings
from slipway.runtime import Runtime
from slipway.runtime.environment import Environment
from slipway.upgrade.files import cut_off
from slipway.verbs.seen import Seen

if TYPE_CHECKING:
    from slipway.verbs.seen import Deployed

NOTHING = ("stopped", "none", "elsewhere")  # states of what does not run here


def say_what_was_cut_off(root: Path, steps: Steps) -> None:
    """Say so where files are one version's in part, and in part another's."""
    if said := cut_off(root):
        steps.note("note", said)


def use_context(session: Seen, given: str) -> None:
    """Let a verb be on the engine of the Docker context that is `given`, else of the environment's, if it has one.

    What the shell names goes before the latter. Raises Problem when this would be done here all the same.
    """
    own = "" if any(os.environ.get(name) for name in client.VARIABLES) else session.project.place.context
    if not (context := given or own):
        return
    client.use_context(context, session.steps)
    session.context = given
    runtime, reason = session.choice
    if runtime != "docker":
        table = f"[tool.slipway.environments.{session.environment.name}]"
        by, leave = (f"--context {context}", "leave --context out") if given else (f"{table} context", "take that out")
        raise Problem(
            f"{by} names a Docker Engine, and this would be done on this host: {reason}. Nothing was done. To do it "
            f"there, say --runtime docker as well; to do it here, {leave}."
        )


def need_releases(session: Seen) -> None:
    """Raise Problem where no releases can be: without an engine, and without the files that define them."""
    project, environment = session.project, session.environment
    if project.place.orchestrator == SWARM and session.choice[0] != "docker":
        raise Problem(
            f"{environment.name} is on a Swarm, and no engine answers: {session.choice[1]}. Name the Docker context of "
            "a manager: --context NAME (docker context ls)"
        )
    if environment.is_dev or session.choice[0] != "docker":
        raise Problem(
            "Releases replace each other without a pause on a Docker Engine alone, and "
            f"{'production' if environment.name == PROD else environment.name} is on this host: {session.choice[1]}. "
            "Start the engine, or here: ./inv down, then ./inv up"
        )
    needed = ("compose.prod.yaml", "compose.release.yaml", *(("Caddyfile",) if project.has_web else ()))
    for name in needed:
        if not (packaged.where(project) or (project.root / name).exists()):
            raise Problem(f"There is no {name} in {project.root}: production needs it. Take Slipway's.")


def deployed(checkout: Checkout, environment: Environment) -> "Deployed":
    """Return the deployment of an environment: on one engine, or on a Swarm."""
    if checkout.project.place.orchestrator == SWARM:
        from slipway.deploy.swarm.deployment import SwarmDeployment

        return SwarmDeployment(checkout, environment)
    from slipway.deploy.compose.deployment import EngineDeployment

    return EngineDeployment(checkout, environment)


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
