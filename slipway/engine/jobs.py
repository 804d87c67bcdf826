"""One-off containers: a command in one of a Compose service, which ends with the verb."""

import base64
import contextlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from slipway.core import processes
from slipway.core.errors import Problem
from slipway.core.limits import ASK, Late, Limit
from slipway.core.scripts import Script
from slipway.core.shell import Ran, Shell, tokens
from slipway.engine import asked, containers
from slipway.engine.calls import JOB

MADE_BY = "dev.slipway.by"  # the label of a one-off: machine and process
HOLDS = "dev.slipway.holds"  # the label of one in which others run commands
DETACHED = "dev.slipway.detached"  # the label of one that goes on without its verb, and its name
WAITS = "dev.slipway.waits"  # the label of one that begins once it has secrets in this folder
SCRIPT = Script("slipway.engine", "oneoff.sh")
A_DAY = "86400"  # seconds
LATE = 124  # the status of what was given up, as of timeout(1)


@dataclass(frozen=True)
class OneOff:
    """A command for a one-off container of a service.

    The container is called <project>-<name>, so that two of one name cannot run at once. `env` are the variables of
    the Compose files; what is `hidden` is not shown. Its `secrets` are files in a `folder` of its own. An `image` takes
    the place of the service's. One that has not ended after its `seconds` is ended, with the status LATE.
    """

    service: str
    command: Sequence[str]
    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    image: str = ""
    seconds: float | None = None


def any_name(service: str) -> str:
    """Return a name for a one-off: several may wait for their turn."""
    return f"{service}-{secrets.token_hex(4)}"


def made_by() -> list[str]:
    """Return the options that say which process a one-off belongs to."""
    return ["--label", f"{MADE_BY}={socket.gethostname()}/{os.getpid()}"]


def held_command(name: str, image: str, label: str, mounts: Sequence[str] = ()) -> list[str]:
    """Return the command of a container that lives as long as its standard input.

    It says `held`, and its id, once it runs. `mounts` are VOLUME:FOLDER.
    """
    return tokens(
        ["docker", "run", "--rm", "--interactive", "--name", name, "--network", "none", "--read-only"],
        ["--label", label],
        *(["--volume", mount] for mount in mounts),
        ["--entrypoint", "sh", image, "-c", "echo held $(cat /etc/hostname); exec cat"],
    )


def of_project(project: str) -> list[str]:
    """Return the options of a container that a Compose project's verb makes for a moment.

    By them it is found and removed when that verb was killed.
    """
    marks = [f"{containers.PROJECT}={project}", f"{containers.ONE_OFF}=True"]
    return [*made_by(), *(word for mark in marks for word in ("--label", mark))]


def script_command(image: str, project: str, *script: str, options: Sequence[str] = ()) -> list[str]:
    """Return the command that runs a shell script in a container of its own, without a network."""
    run = ["docker", "run", "--rm", "--network", "none", *of_project(project), *options, "--entrypoint", "sh", image]
    return [*run, *script]


def run(shell: Shell, compose: Callable[..., list[str]], job: OneOff, captured: bool = True) -> Ran:
    """Run a one-off; the container ends when this verb does.

    The end of `docker compose run` alone would leave it running. What it prints is returned, or shown when not
    `captured`; its errors are shown. Raises Problem when one of that name is running, or when it cannot be started.
    """
    with _started(shell, compose, job, containers.stop_command) as name:
        return _followed(shell, name, captured, job.seconds)


@contextlib.contextmanager
def held(shell: Shell, compose: Callable[..., list[str]], job: OneOff) -> Iterator[str]:
    """Give the name of a one-off in which commands can be run; it is removed afterwards.

    Raises Problem as `run` does.
    """
    options = [*job.options, "--label", f"{HOLDS}=1"]
    job = replace(job, command=["sleep", A_DAY], options=options)
    with _started(shell, compose, job, containers.remove_command) as name:
        yield name


@contextlib.contextmanager
def _started(
    shell: Shell, compose: Callable[..., list[str]], job: OneOff, end_command: Callable[[str], list[str]]
) -> Iterator[str]:
    # Once it runs, `end_command` ends it when what follows fails.
    detached = compose("run", "--detach", "--no-deps")
    name = f"{detached[detached.index('--project-name') + 1]}-{job.name}"
    _refuse_another(shell, name)
    waiting = ["sh", "-c", SCRIPT, "sh", "with", job.folder] if job.secrets else []
    mine = True
    try:
        marks = ["--label", f"{WAITS}={job.folder}"] if job.secrets else []
        start = [*detached, *job.options, *marks, "--name", name, job.service, *waiting, *job.command]
        mine = not shell.answer(start, env=job.env, hidden=job.hidden)[0]
        if not mine:
            raise Problem(f"The container {name} could not be started (see above).")
        if job.secrets:
            _give(shell, name, job)
        yield name
    except BaseException:
        if mine:
            asked.tidy(shell, end_command(name))
        raise
    finally:
        if mine:  # one that could not be started for its name is another verb's
            others = bool(job.image)  # an image that takes the place of the service's may declare volumes
            asked.tidy(shell, containers.remove_command(name, volumes=others))


def _give(shell: Shell, name: str, job: OneOff) -> None:
    # One that has ended already says in its log why.
    give = containers.exec_command(name, "sh", "-c", SCRIPT, "sh", "give", job.folder, options=["--interactive"])
    status, _, said = shell.probe(give, given=rows(job.secrets), echo=True)
    one = containers.look(shell, name) if status else None
    if one and one.running:
        raise Problem(
            f"{said.strip()}\n{name} could not be given its secrets: its service needs a tmpfs on {job.folder}, as "
            "in Slipway's Compose files."
        )


def rows(secrets: Mapping[str, str]) -> str:
    """Return secrets as a script reads them: lines of a name and the value in base64, and a dot."""
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in secrets.items()}
    return "".join(f"{name} {value}\n" for name, value in encoded.items()) + ".\n"


def _refuse_another(shell: Shell, name: str) -> None:
    before = containers.look(shell, name)
    if before and before.running:
        raise Problem(f"{name} is running already. Follow it: docker logs --follow {name}")
    if before:  # left behind by a verb that was killed
        shell.output(containers.remove_command(name))


def _followed(shell: Shell, name: str, captured: bool, seconds: float | None) -> Ran:
    follow, output = ["docker", "logs", "--follow", name], ""
    limit = replace(JOB, seconds=seconds, going=partial(_runs, shell, name))
    try:
        if captured:
            _, output = shell.answer(follow, limit=limit)
        else:
            shell.status(follow, limit=limit)
    except Late:  # it has ended, and the client didn't notice; or its time is over
        is_late = seconds is not None and _runs(shell, name)
        if is_late:
            asked.tidy(shell, containers.stop_command(name))
        output = shell.output(["docker", "logs", name])
        if is_late:
            return Ran(LATE, output, containers.last_lines(shell, name, 50))
    status = _ended(shell, name, limit)
    return Ran(status, output, containers.last_lines(shell, name, 50) if status else "")


def _ended(shell: Shell, name: str, limit: Limit) -> int:
    # The status of one that has ended, or does so.
    try:
        return int(shell.output(["docker", "wait", name], limit=limit))
    except Late:
        one = containers.look(shell, name)
        if one and not one.running:
            return one.status
        raise


def _runs(shell: Shell, name: str) -> bool:
    one = containers.look(shell, name)
    return bool(one and one.running)


def remove_left_behind(shell: Shell, project: str, label: str = "") -> None:
    """Remove the one-offs of a Compose project that verbs which were killed have left, and that do nothing any more.

    They have ended, or wait for commands or for their secrets, or are of use only to who entered them. Whether one of
    another machine's is left, nobody can tell. With a `label`, as NAME=VALUE, those that have it.
    """
    wanted = [f"label={label or f'{containers.PROJECT}={project}'}", f"label={MADE_BY}"]
    shown = (MADE_BY, HOLDS, WAITS, DETACHED)
    form = "\t".join(["{{.Names}}", "{{.State}}", *(f'{{{{.Label "{name}"}}}}' for name in shown)])
    for line in shell.output(containers.list_command(*wanted, form=form)).splitlines():
        name, state, by, holds, waits, detached = [*line.split("\t"), "", "", ""][:6]
        host, _, pid = by.rpartition("/")
        if host != socket.gethostname() or processes.exists(int(pid)) or (detached and state != "created"):
            continue
        over = state in ("exited", "created") or (state == "running" and bool(holds))
        if over or (state == "running" and waits and _waits(shell, name, waits)):
            asked.tidy(shell, containers.remove_command(name))


def _waits(shell: Shell, name: str, folder: str) -> bool:
    # Whether it has no secrets yet; what cannot be told is no.
    look = f'[ -e "{folder}/.given" ] && echo given || echo none'
    return shell.probe(containers.exec_command(name, "sh", "-c", look), limit=ASK)[1] == "none"
