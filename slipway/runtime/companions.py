"""Companions: what the Compose files define beside the service, its database and the proxy, such as a Redis.

They are started with the service, and kept while it is replaced.
"""

import contextlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.core.words import of_log
from slipway.engine import containers
from slipway.engine.containers import Container
from slipway.engine.health import EARLY, GONE, READY, Verdict, until_ready
from slipway.engine.stack import DATABASE, LOG, Stack
from slipway.runtime import State
from slipway.runtime.beside import Companions
from slipway.runtime.jobs import MIGRATE
from slipway.runtime.release import PROXY, WEB
from slipway.runtime.stacks import word

OWN = (WEB, MIGRATE, DATABASE, PROXY)  # services that are no companions
COMPLETED = "service_completed_successfully"  # the condition of Compose's
NEVER = (None, "no")  # restart policies of what may end
OF_PROXY = re.compile(r"web-\d{8}t\d{6}")  # names under which the proxy finds releases
Services = Mapping[str, Mapping[str, Any]]


def named(services: Services, others: Collection[str] = ()) -> list[str]:
    """Name the companions, of all services but those of a release (`others`), each behind those that it needs."""
    left = [name for name in sorted(services) if name not in OWN and name not in others]
    ordered: list[str] = []
    while left:
        ready = [name for name in left if not _needs(services, name) & set(left)] or left[:1]  # Compose takes no circle
        ordered += ready
        left = [name for name in left if name not in ready]
    return ordered


def late(services: Services, names: Iterable[str]) -> set[str]:
    """Return those that need the service or its migrations, themselves or by another one."""
    found: set[str] = set()
    for name in names:  # each comes behind those that it needs
        if _needs(services, name) & {WEB, MIGRATE, *found}:
            found.add(name)
    return found


def _needs(services: Services, name: str) -> set[str]:
    return set(services[name].get("depends_on") or ())


def check(services: Services, names: Iterable[str]) -> None:
    """Raise Problem for a companion that the proxy would lead clients to: under the name of a release."""
    for name in names:
        of = services[name]
        networks = (of.get("networks") or {}).values()
        known = [name, of.get("container_name") or "", of.get("hostname") or ""]
        known += [alias for network in networks for alias in (network or {}).get("aliases") or ()]
        if taken := next((one for one in known if OF_PROXY.fullmatch(one)), ""):
            raise Problem(
                f"{name} of the Compose files is called {taken}, as releases are: clients would be led to it."
            )


def look(
    stack: Stack, services: Services, names: Sequence[str], hashes: Sequence[Mapping[str, str]] = ()
) -> Companions:
    """Look which of them run, and were made of another definition than one of their hashes is of, if there are any."""
    absent, outdated = [], []
    for name in names:
        one = stack.container(name)
        if not one or not (stack.runs(name) or _judged(services, name, one).ready):
            absent.append(name)
        elif hashes and one.labels.get(containers.CONFIG_HASH) not in [each[name] for each in hashes]:
            outdated.append(name)
    return Companions(tuple(names), tuple(absent), tuple(outdated))


def accompany(stack: Stack, services: Services, port: int, late_ones: bool, undo: contextlib.ExitStack) -> None:
    """Have those running that need no migration, or the others, as they are defined now; raises Problem."""
    names = named(services)
    behind = late(services, names)
    now = [one for one in names if (one in behind) is late_ones]
    own = [one for one in now if one in stack.project.processes]  # the project's, as services of Compose
    for title, wanted in (("companions", [one for one in now if one not in own]), ("processes", own)):
        if not wanted:
            continue
        with stack.shell.steps.step(title, ", ".join(wanted)):
            if absent := look(stack, services, wanted).absent:
                undo.callback(stack.quietly, "stop", *absent)
            start(stack, services, wanted, port)


def start(stack: Stack, services: Services, names: Sequence[str], port: int, *options: str) -> None:
    """Start companions, each once those that it needs are ready, and wait for all of them; raises Problem."""
    for name in names:
        up = stack.compose("up", "--detach", "--no-deps", *options, name)
        stack.shell.quietly(up, env=stack.env(port), failed=f"{name} could not be started.")
        if any(name in _needs(services, other) for other in names):
            wait(stack, services, name)
    for name in names:
        wait(stack, services, name)


def wait(stack: Stack, services: Services, name: str) -> None:
    """Wait until a companion is ready; raises Problem with its log."""
    stack.forget()
    one = stack.container(name)

    def again() -> Verdict:
        now = containers.look(stack.shell, one.id) if one else None
        return _judged(services, name, now, one.restarts if one else 0)

    how = until_ready(again, stack.project.wait)
    stack.forget()
    if how:
        one = stack.container(name)
        said = containers.last_words(stack.shell, one, LOG) if one else ""
        raise Problem(f"{said}\n{name} {how}; {of_log(said)}.".lstrip())


def _judged(services: Services, name: str, one: Container | None, restarts: int = 0) -> Verdict:
    # What others wait for the end of is ready then; what may end, also when it has ended well.
    if not one:
        return GONE
    needed = [(of.get("depends_on") or {}).get(name) or {} for of in services.values()]
    ends = any(of.get("condition") == COMPLETED for of in needed)
    if ends and one.running:
        return EARLY
    done = one.phase == "exited" and not one.status and (ends or services[name].get("restart") in NEVER)
    return READY if done else one.verdict(restarts)


def states(stack: Stack, others: Collection[str] = ()) -> dict[str, State]:
    """Return the states of those that have containers; the Compose files are not read for that."""
    own = [one for one in stack.containers if one.labels.get(containers.PROJECT, stack.name) == stack.name]
    names = {one.service for one in own if one.service and not one.is_one_off} - {*OWN, *others}
    return {name: _state(stack.container(name)) for name in sorted(names)}


def _state(one: Container | None) -> State:
    if not one or not one.running:
        return State("stopped")
    return State(word(one), {"container": one.name, "image": one.image})
