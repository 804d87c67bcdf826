"""Values of Compose as Kubernetes has them. What cannot be one raises ValueError."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.deploy.swarm.values import nanoseconds

NANO = 10**9
DOCKERS = 10  # seconds that Docker gives a container to stop, where nothing is said


def quantity(octets: int) -> str:
    """Return a number of bytes in the largest unit that has it whole."""
    for power, unit in ((30, "Gi"), (20, "Mi"), (10, "Ki")):
        if octets and octets % (1 << power) == 0:
            return f"{octets >> power}{unit}"
    return str(octets)


def cpus(nano: int) -> str:
    """Return billionths of a CPU, in thousandths where they are no whole ones."""
    return str(nano // NANO) if nano % NANO == 0 else f"{math.ceil(nano / 10**6)}m"


def seconds(said: Any) -> int:
    """Return a duration like 1m30s in whole seconds, none of which is lost."""
    return math.ceil(nanoseconds(said) / NANO)


def grace(said: Mapping[str, Any]) -> int:
    """Return how many seconds a service has to stop."""
    return seconds(said["stop_grace_period"]) if said.get("stop_grace_period") is not None else DOCKERS


def unexpanded(text: str) -> str:
    """Return a text of a command or variable, of which the kubelet makes this one: it reads $(NAME) and $$.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return text.replace("$", "$$") if "$$" in text or "$(" in text else text


def words(said: Any) -> list[str]:
    """Return the words of a command."""
    return [unexpanded(str(one)) for one in said or ()]


def invocation(said: Mapping[str, Any], command: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Return what a container starts: Docker's entrypoint is a pod's command, and its command are a pod's args."""
    entrypoint = said.get("entrypoint")
    args = words(said.get("command") if command is None else command)
    if entrypoint is not None and not entrypoint:
        if not args:
            raise ValueError("entrypoint is empty, which no pod can have: say command as well")
        return {"command": args}
    found = {"command": words(entrypoint), "args": args}
    return {key: value for key, value in found.items() if value}


def user(said: Mapping[str, Any], default: str) -> tuple[int, int | None]:
    """Return the numbers of a service's user and group, None for the group that the image says."""
    named = str(said.get("user") or default)
    found = re.fullmatch(r"(\d+)(?::(\d+))?", named)
    if not named:
        raise ValueError('user, which nobody but the image tells: say its numbers, as user: "1000:1000"')
    if not found:
        raise ValueError(f'user {named}, and a pod has numbers alone: say user: "1000:1000", say')
    return int(found[1]), int(found[2]) if found[2] else None


def slug(path: str) -> str:
    """Return what a volume at a path is called."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:50].strip("-") or "root"
