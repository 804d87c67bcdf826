"""The lock of a deployment on a Swarm: a service whose one task lives as long as a pipe of who has it.

Its name can be taken once. The task is on the manager that its holder speaks to, and sees the deployment's networks: it
is from there as well that a release and the proxies are asked.
"""

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from slipway.core.errors import Problem
from slipway.core.limits import ACT, SOON, Limit
from slipway.core.programs import attend, close, end_with_all
from slipway.core.shell import Shell
from slipway.core.signals import uninterrupted
from slipway.deploy.compose import left
from slipway.deploy.compose.labels import OWNER
from slipway.deploy.compose.lock import Owner, Turn, at_work, first_line, left_of
from slipway.deploy.swarm import names, own
from slipway.engine import containers
from slipway.engine.api import Api, Away, Refused
from slipway.engine.client import Clock
from slipway.engine.swarm import nodes, services
from slipway.engine.swarm.services import OVER, Service

STARTING = 60  # seconds for which a task waits for who is to hold it, and its image may have to be pulled
POLL = 0.1
TAKEN = Limit(still=60)
# It ends by itself where nobody comes to hold it: who has made it was killed before.
TASK = f"for _ in $(seq {STARTING}); do [ ! -e /dev/shm/held ] || exec sleep infinity; sleep 1; done"
HOLD = "touch /dev/shm/held; echo held; cat >/dev/null; kill 1"


@dataclass(frozen=True)
class Lock:
    """A deployment's lock, for who has it: its service's id, and its task's container on this manager."""

    id: str
    container: str

    def exec_command(self, *command: str, options: Sequence[str] = ()) -> list[str]:
        """Return the command that runs another one beside the deployment's services."""
        return containers.exec_command(self.container, *command, options=options)


@dataclass(frozen=True)
class Wanted:
    """A lock that is to be taken: of a deployment, with an image that has a shell, by whom, in which networks."""

    deployment: str
    image: str
    who: str
    networks: Sequence[str]

    @property
    def name(self) -> str:
        """The name of its service."""
        return names.of_service(self.deployment, names.LOCK)

    def spec(self, node: str) -> dict[str, Any]:
        """Return its service, on a node."""
        marks = names.marks(self.deployment, names.LOCK)
        task = {
            "ContainerSpec": own.container(self.image, ("sh", "-c", TASK), marks, "0:0", Init=True),
            "Networks": [{"Target": network} for network in self.networks],
            "Placement": {"Constraints": [f"node.id == {node}"]},
            "RestartPolicy": {"Condition": "none"},
        }  # fmt: skip
        told = {OWNER: self.who, names.NODE: node}
        return {
            "Name": self.name, "Labels": marks | told, "TaskTemplate": task, "Mode": {"Replicated": {"Replicas": 1}},
            "EndpointSpec": {"Mode": "dnsrr"},
        }  # fmt: skip


@contextlib.contextmanager
def on_swarm(wanted: Wanted, api: Api, wait: bool, again: str, joins: str = "") -> Iterator[tuple[Lock, str]]:
    """Hold the lock of a deployment; give it, and whom was waited for last. Raises Problem when it is another's.

    That has the other's name and age, unless told to wait, or unless that one is at the verb `joins`. `again` is the
    verb that waits.
    """
    shell, here = api.shell, nodes.here(api)
    if here.availability != nodes.ACTIVE:
        raise Problem(
            f"{here.name}, the manager that is asked, takes no tasks, and the lock is one: name another manager's "
            f"context (--context NAME), or let it take some: ./inv drain {here.name} --back"
        )
    node = here.id
    clock = Clock(shell)
    turn = Turn(shell.steps, wait, again, joins, f"docker service rm {wanted.name}", STARTING)
    while not (lock := _make(api, wanted, node)):
        turn.wait(owner(api, wanted.name, clock))
    try:
        container = _container(api, lock, shell)
        with _held(Lock(lock, container), shell):
            yield Lock(lock, container), turn.waited
    finally:
        with contextlib.suppress(Away):  # what is under way says it; the task ends with its pipe, and the next one sees
            services.remove(api, lock)


def _make(api: Api, wanted: Wanted, node: str) -> str:
    # The id of the lock's service, "" when it is another's.
    try:
        with uninterrupted():
            return services.create(api, wanted.spec(node))
    except Refused as refused:
        if refused.is_taken:
            return ""
        raise


def _container(api: Api, service: str, shell: Shell) -> str:
    end = time.monotonic() + STARTING
    while time.monotonic() < end:
        task = next(iter(services.tasks_of(api, service)), None)
        if task and task.is_running and task.container:
            return task.container
        if task and task.state in OVER:
            raise Problem(f"The lock of this deployment could not be taken: its task has {task.state}: {task.said}")
        time.sleep(POLL)
    raise Problem("The lock of this deployment could not be taken: its task did not start. Why: docker service ps")


@contextlib.contextmanager
def _held(lock: Lock, shell: Shell) -> Iterator[None]:
    # Of a session of its own: Ctrl-C is for this process, which then tidies up under the lock.
    pipe = subprocess.PIPE
    command = lock.exec_command("sh", "-c", HOLD, options=["--interactive"])
    with uninterrupted():
        process = subprocess.Popen(
            command, cwd=shell.root, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
    assert process.stdin and process.stdout and process.stderr  # noqa: S101
    try:
        if not attend(command, process.pid, TAKEN, partial(first_line, process.stdout)):
            said = process.stderr.read().decode(errors="replace")
            raise Problem(f"{said.strip()}\nThe lock of this deployment could not be taken.")
        shell.held.append(process.stdin.fileno())
        shell.mark = partial(left.mark, lock.container)
        yield
    finally:
        if process.stdin.fileno() in shell.held:
            shell.held.remove(process.stdin.fileno())
        shell.mark = lambda _: {}
        process.stdin.close()
        with contextlib.suppress(Problem):
            attend(command, process.pid, ACT, process.wait)
        if process.poll() is None:
            end_with_all(process, signal.SIGTERM, SOON)
        close(process)


def holds(api: Api, lock: Lock | None) -> bool:
    """Tell whether a lock is still this process's; raises Problem when nobody can tell."""
    return bool(lock and services.find(api, lock.id))


def owner(api: Api, name: str, clock: Clock | None = None) -> Owner:
    """Return who holds the lock of this name; what is left of one that nobody holds any more is removed."""
    found = services.find(api, name)
    if not found:
        return Owner()
    who, seconds = found.labels.get(OWNER, ""), _age(found, clock or Clock(api.shell))
    task = next(iter(services.tasks_of(api, found.id)), None)
    if why := _is_over(api, found, task):
        services.remove(api, found.id)
        api.shell.steps.note("recovered", f"{who} had the lock: {why}")
        return Owner()
    if task and task.container and (found_left := left.of(task.container)):
        return left_of(found_left, who, api.shell)
    return at_work(who, seconds)


def _is_over(api: Api, lock: Service, task: services.Task | None) -> str:
    # Why nobody holds it any more, "" when somebody does.
    if task and task.state in OVER:
        return f"its task has {task.state}: {task.said}" if task.state == "rejected" else "it was killed, or cut off"
    node = nodes.find(api, lock.labels.get(names.NODE, ""))
    if not node:
        return "its node is none of the Swarm's any more"
    return f"its node {node.name} is down" if node.state == nodes.DOWN else ""


def _age(lock: Service, clock: Clock) -> int | None:
    try:
        return clock.since(datetime.fromisoformat(lock.created))
    except ValueError:
        return None
