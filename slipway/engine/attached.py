"""A one-off that somebody's terminal is in, or that goes on in the background: `docker run`, as this process.

Of the clients, `docker run` alone passes on signals and returns the command's own status: `docker start --attach` and
`docker compose run` end at the first Ctrl-C, and leave the container running.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Shell, tokens
from slipway.engine import alike, asked, containers, images, jobs, volumes

# Once its standard input ends, which the client has as well: it was killed, or the command has ended.
GUARD = 'cat; docker rm --force --volumes $1; [ -z "$2" ] || docker volume rm $2'


@dataclass(frozen=True)
class Aside:
    """A command beside a service, in a container like another one, whose `facts` are what the engine says of that.

    It is called <project>-<name>, and is found by that Compose project; `marks` are labels beside that. What was made
    for it goes with it: `volumes`, and a container of the name `like`.
    """

    project: str
    name: str
    argv: Sequence[str]
    facts: Callable[[], Mapping[str, Any]]
    marks: Sequence[str] = ()
    volumes: Sequence[str] = ()

    @property
    def container(self) -> str:
        """The name of its container."""
        return f"{self.project}-{self.name}"

    @property
    def like(self) -> str:
        """The name of a container that is made for its facts."""
        return f"{self.container}-like"


def launch(shell: Shell, one: Aside, detached: bool) -> str:
    """Let it take this process's place, or go on in the background: then its name is returned. Raises Problem."""
    if not detached:
        enter(shell, one)
    try:
        leave(shell, one)
    except BaseException:
        asked.tidy(shell, containers.remove_command(one.container, volumes=True))
        asked.tidy(shell, containers.remove_command(one.like, volumes=True))
        volumes.remove_unused(shell, *one.volumes)
        raise
    asked.tidy(shell, containers.remove_command(one.like, volumes=True))
    return one.name


def enter(shell: Shell, one: Aside) -> NoReturn:
    """Let it take this process's place: terminal, signals and status are the command's. Raises Problem.

    It is gone once the client is: of itself, or because somebody has killed that.
    """
    _guard(one)
    facts = one.facts()
    terminal = "--tty" if sys.stdin.isatty() and sys.stdout.isatty() else None
    options = tokens("--rm", "--interactive", terminal, ["--label", f"{jobs.HOLDS}=1"])
    with tempfile.TemporaryFile() as file:  # nobody finds it by a name
        file.write(alike.lines(facts).encode())
        file.seek(0)
        os.set_inheritable(file.fileno(), True)
        command = run_command(shell, one, facts, f"/dev/fd/{file.fileno()}", options)
        shell.become(command, hidden=alike.apart(facts))


def leave(shell: Shell, one: Aside) -> None:
    """Start it in the background; raises Problem."""
    facts = one.facts()
    command = run_command(shell, one, facts, "/dev/stdin", ["--detach", "--label", f"{jobs.DETACHED}={one.name}"])
    failed = "The command could not be started (see above)."
    shell.output(command, hidden=alike.apart(facts), given=alike.lines(facts), echo=True, failed=failed)


def find(found: Sequence[containers.Container], project: str, name: str) -> str:
    """Return the container of a one-off by its name, or of a service of the project; raises Problem."""
    wanted = (name, f"{project}-{name}")
    mine = [one for one in found if one.labels.get(containers.PROJECT) == project]
    one = next((one for one in found if one.name in wanted and one.is_one_off), None)
    one = one or next((one for one in mine if one.service == name and not one.is_one_off), None)
    if not one:
        raise Problem(
            f"There is no process {name}, and nothing of that name was started with `inv run --detach`, or it was "
            "removed: ./inv ps"
        )
    return one.name


def show(
    shell: Shell, found: Sequence[containers.Container], project: str, name: str, lines: int, follow: bool
) -> NoReturn:
    """Show the log of a one-off; raises Problem when there is none of this name."""
    shell.become(containers.logs_command(find(found, project, name), lines, follow), merged=True)


def ended(found: Sequence[containers.Container]) -> list[str]:
    """Name those that went on in the background, and have come to their end."""
    return [one.name for one in found if one.labels.get(jobs.DETACHED) and one.phase == "exited"]


def inspect(shell: Shell, name: str) -> dict[str, Any]:
    """Return what the engine says of a container; raises Problem."""
    found: dict[str, Any] = json.loads(shell.output(containers.inspect_command(name)))[0]
    return found


def made(
    shell: Shell, compose: Callable[..., list[str]], service: str, env: Mapping[str, str], name: str
) -> dict[str, Any]:
    """Return the facts of a container that Compose makes of a service, and that does nothing; raises Problem."""
    python = ["--entrypoint", alike.ENTRYPOINT[0], service, "-c", ""]
    make = compose("run", "--detach", "--no-deps", "--name", name, jobs.made_by(), python)
    shell.output(make, env=env, failed="Compose cannot make a container of the service.")
    return inspect(shell, name)


def run_command(
    shell: Shell, one: Aside, facts: Mapping[str, Any], variables: str, options: Sequence[str]
) -> list[str]:
    """Return the command that runs it; raises Problem when its image is gone from the engine."""
    named, id_ = str((facts.get("Config") or {}).get("Image", "")), str(facts["Image"])
    found = images.inspect(shell, named)
    image = found if found and found.id == id_ else images.inspect(shell, id_)
    if not image:
        raise Problem(f"The image {named} is gone from the engine. Build or push it, then: ./inv deploy --tag TAG")
    marks = [word for mark in one.marks for word in ("--label", mark)]
    told = [*options, "--name", one.container, *jobs.of_project(one.project), *marks]
    return alike.alike_command(facts, named if image is found else id_, alike.entered(image, one.argv), variables, told)


def _guard(one: Aside) -> None:
    # In a session of its own: what ends this process doesn't end it.
    ends, mine = os.pipe()
    nothing = subprocess.DEVNULL
    argv = ["sh", "-c", GUARD, "sh", f"{one.container} {one.like}", " ".join(one.volumes)]
    subprocess.Popen(argv, stdin=ends, stdout=nothing, stderr=nothing, start_new_session=True)  # it outlives this
    os.close(ends)
    os.set_inheritable(mine, True)
