"""What development and production have in common on an engine: the containers and volumes of a Compose project."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from slipway.core import ports
from slipway.core.shell import Shell
from slipway.engine import client, containers, packaged, volumes
from slipway.engine.containers import Container
from slipway.engine.stack import Stack
from slipway.project import labels
from slipway.project.config import Project
from slipway.runtime import LiveRelease, State, elsewhere
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE

READY = "ready"
WELL = ("running", READY)
COLUMNS = "table {{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}"  # of what runs


def live_releases(running: list[Container]) -> list[LiveRelease]:
    """Return the releases that containers are of, as their images' labels say."""
    found = [
        LiveRelease(one.image, one.labels.get(labels.SCHEMA, ""), one.labels.get(labels.PREVIOUS, ""))
        for one in running
    ]
    return list(dict.fromkeys(found))


def check_port(shell: Shell, port: int, address: str, variable: str = "PORT", once: bool = True) -> None:
    """Raise Problem when a program of the engine's machine has the port at an address of it.

    `variable` is what the settings call it; `once` tells whether an option can name another one as well.
    """
    try:
        if ports.is_free(port, address) or client.is_remote(shell):
            return
    except PermissionError:  # this user may not, but the engine may
        return
    names = shell.output(containers.list_command(f"publish={port}", running=True, form="{{.Names}}")).split()
    by = f"the container {names[0]}" if names else ports.owner(port)
    raise ports.taken(port, by, variable, once)


def of_other_files(project: Project, its_labels: Mapping[str, str]) -> str:
    """Return the project's own Compose file that a container is of, where Slipway's are in its package; "" for none.

    Compose goes by the names of project and service: it would take the container for Slipway's.
    """
    files = [Path(one) for one in its_labels.get(containers.FILES, "").split(",") if one]
    is_slipways = any(one.is_relative_to(project.state) for one in files)
    if not packaged.where(project) or is_slipways:
        return ""
    return next((one.name for one in files if one.exists()), "")


def stop(stack: Stack, with_volumes: bool, was_there: bool = False) -> None:
    """Remove the containers of a stack; its volumes as well if told to. `was_there` tells that others were removed."""
    ended = "stopped" if was_there or stack.containers else "nothing was running"
    with stack.shell.steps.step("down", f"{stack.name}: {ended}"):
        oneoff = [f"label={containers.PROJECT}={stack.name}", f"label={containers.ONE_OFF}=True"]
        if names := stack.shell.output(containers.list_command(*oneoff)).split():
            stack.shell.output(containers.remove_command(*names), echo=True)
        stack.shell.quietly(stack.bare("down", "--remove-orphans", "--volumes" if with_volumes else None))
        if with_volumes and (left := _volumes(stack)):  # Compose removes only those that its files name
            stack.shell.output(volumes.remove_command(*left), echo=True)


def doomed(stack: Stack) -> list[str]:
    """Name the volumes of a stack."""
    return [f"the volume {name}" for name in _volumes(stack)]


def kept(stack: Stack, backups: str) -> list[str]:
    """Name the volume of the backups, where it is; raises Problem when the engine doesn't tell."""
    return [f"the volume {backups}"] if volumes.exists(stack.shell, backups) else []


def _volumes(stack: Stack) -> list[str]:
    return volumes.names(stack.shell, f"label={containers.PROJECT}={stack.name}")


def status(stack: Stack, environment: Environment, web: Container | None) -> dict[str, State]:
    """Return the state of the service, which is this container, and of the database of a stack."""
    settings = environment.settings
    database = state(stack.container(DATABASE)) if settings.own_database else elsewhere(settings)
    return {"service": state(web), "database": database}


def word(one: Container | None) -> str:
    """Say how a container is, as `inv status` shows it."""
    if not one or not one.running:
        return "stopped"
    return {"healthy": READY, "": "running"}.get(one.health, one.health)


def worst(found: Sequence[Container]) -> str:
    """Say how several containers are: as the worst of them."""
    words = [word(one) for one in found]
    return next((one for one in words if one not in WELL), words[0])


def together(found: Sequence[Container]) -> State:
    """Return the state of several containers of one image, that of the worst of them."""
    if not any(one.running for one in found):
        return State("stopped")
    return State(worst(found), {"image": found[0].image})


def state(one: Container | None) -> State:
    """Return the state of a container."""
    if not one or not one.running:
        return State("stopped")
    port = one.published()
    address = {"address": f"http://localhost:{port}"} if port else {}
    return State(word(one), {"container": one.name, **address, "image": one.image})
