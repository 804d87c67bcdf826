"""One-off containers: a command in one of a Compose service, which ends with the verb."""

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.core import processes
from slipway.core.errors import Problem
from slipway.core.shell import Ran, Shell, tokens
from slipway.engine import containers

MADE_BY = "dev.slipway.by"  # the label of a one-off: machine and process


@dataclass(frozen=True)
class OneOff:
    """A command for a one-off container of a service.

    The container is called <project>-<name>, so that two of one name cannot run at once. `env` are the variables of
    the Compose files; what is `hidden` is not shown.
    """

    service: str
    command: Sequence[str]
    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()


def any_name(service: str) -> str:
    """Return a name for a one-off: several may wait for their turn."""
    return f"{service}-{secrets.token_hex(4)}"


def made_by() -> list[str]:
    """Return the options that say which process a one-off belongs to."""
    return ["--label", f"{MADE_BY}={socket.gethostname()}/{os.getpid()}"]


def held_command(name: str, image: str, label: str, mount: str = "") -> list[str]:
    """Return the command of a container that lives as long as its standard input.

    It says `held`, and its id, once it runs. `mount` is VOLUME:FOLDER, "" for none.
    """
    return tokens(
        ["docker", "run", "--rm", "--interactive", "--name", name, "--network", "none", "--read-only"],
        ["--label", label],
        ["--volume", mount] if mount else None,
        ["--entrypoint", "sh", image, "-c", "echo held $(cat /etc/hostname); exec cat"],
    )


def script_command(image: str, *script: str, options: Sequence[str] = ()) -> list[str]:
    """Return the command that runs a shell script in a container of its own, without a network."""
    run = ["docker", "run", "--rm", "--network", "none", *options, "--entrypoint", "sh", image]
    return [*run, *script]


def run(shell: Shell, compose: Callable[..., list[str]], job: OneOff, captured: bool = True) -> Ran:
    """Run a one-off; the container ends when this verb does.

    The end of `docker compose run` alone would leave it running. What it prints is returned, or shown when not
    `captured`; its errors are shown. Raises Problem when one of that name is running, or when it cannot be started.
    """
    detached = compose("run", "--detach", "--no-deps")
    name = f"{detached[detached.index('--project-name') + 1]}-{job.name}"
    _refuse_another(shell, name)
    mine = True
    try:
        start = [*detached, *job.options, "--name", name, job.service, *job.command]
        mine = not shell.answer(start, env=job.env, hidden=job.hidden)[0]
        if not mine:
            raise Problem(f"The container {name} could not be started (see above).")
        return _followed(shell, name, captured)
    except BaseException:
        if mine:
            shell.probe(containers.stop_command(name))
        raise
    finally:
        if mine:  # one that could not be started for its name is another verb's
            shell.probe(containers.remove_command(name))


def _refuse_another(shell: Shell, name: str) -> None:
    before = containers.look(shell, name)
    if before and before.running:
        raise Problem(f"{name} is running already. Follow it: docker logs --follow {name}")
    if before:  # left behind by a verb that was killed
        shell.output(containers.remove_command(name))


def _followed(shell: Shell, name: str, captured: bool) -> Ran:
    follow, output = ["docker", "logs", "--follow", name], ""
    if captured:
        _, output = shell.answer(follow)
    else:
        shell.status(follow)
    status = int(shell.output(["docker", "wait", name]))
    return Ran(status, output, containers.last_lines(shell, name, 50) if status else "")


def remove_left_behind(shell: Shell, project: str) -> None:
    """Remove the one-offs of a Compose project that have ended, of verbs that were killed.

    Whether one on another machine was, nobody can tell.
    """
    wanted = [f"label={containers.PROJECT}={project}", f"label={MADE_BY}", "status=exited", "status=created"]
    form = f'{{{{.Names}}}} {{{{.Label "{MADE_BY}"}}}}'
    for line in shell.output(containers.list_command(*wanted, form=form)).splitlines():
        name, _, by = line.partition(" ")
        host, _, pid = by.rpartition("/")
        if host == socket.gethostname() and not processes.exists(int(pid)):
            shell.probe(containers.remove_command(name))
