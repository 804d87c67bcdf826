"""Containers, as `docker inspect` shows them; whether they are ready."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slipway.core.errors import Problem
from slipway.core.shell import Shell, tokens
from slipway.engine.health import GONE, READY, Verdict, together, until_ready
from slipway.project.health import Answer
from slipway.project.processes import WEB as WEB

SERVICE, ONE_OFF = "com.docker.compose.service", "com.docker.compose.oneoff"
PROJECT, FOLDER = "com.docker.compose.project", "com.docker.compose.project.working_dir"
FILES = "com.docker.compose.project.config_files"
CONFIG_HASH = "com.docker.compose.config-hash"
TASK = "com.docker.swarm.task.id"  # of what a Swarm runs
NO_SUCH = "no such container"


@dataclass(frozen=True)
class Container:
    """A container: what it was made of, and how it is.

    `image` is what it was started from, `image_id` what that meant. `health` is "" without a health check, else
    starting, healthy or unhealthy; `checks` are the outputs of the last checks. `ports` maps ports like 80/tcp to those
    of the engine's machine: of one that waits to be started again, those that it will have. `phase` is the engine's own
    word (created, exited, ...), `created` its time (RFC 3339), `grace` the seconds that it has to stop, None for the
    engine's own. `addresses` are those of IPv4 in its `networks`, `more_addresses` those of IPv6. `volumes` are the
    names of those it has, `env` its variables, each NAME=value. `ended` says how it ended where its status doesn't.
    """

    id: str
    name: str = ""
    image: str = ""
    image_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    running: bool = True
    status: int = 0
    out_of_memory: bool = False
    restarts: int = 0
    health: str = ""
    checks: tuple[str, ...] = ()
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    phase: str = "running"
    created: str = ""
    grace: int | None = None
    addresses: tuple[str, ...] = ()
    more_addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    env: tuple[str, ...] = field(default=(), repr=False)
    ended: str = ""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Container":
        """Read what `docker inspect` prints of one."""
        state, config = facts["State"], facts.get("Config") or {}
        health = state.get("Health") or {}
        networks = (facts.get("NetworkSettings") or {}).get("Networks") or {}
        return cls(
            id=facts["Id"],
            name=str(facts.get("Name", "")).lstrip("/"),
            image=config.get("Image", ""),
            image_id=facts.get("Image", ""),
            labels=dict(config.get("Labels") or {}),
            running=state["Running"],
            status=state.get("ExitCode", 0),
            out_of_memory=bool(state.get("OOMKilled")),
            restarts=facts.get("RestartCount", 0),
            health=health.get("Status", ""),
            checks=tuple(entry["Output"].strip() for entry in health.get("Log") or []),
            ports=_ports(facts),
            phase=state.get("Status", ""),
            created=facts.get("Created", ""),
            grace=config.get("StopTimeout"),
            addresses=tuple(one["IPAddress"] for one in networks.values() if one.get("IPAddress")),
            more_addresses=tuple(one["GlobalIPv6Address"] for one in networks.values() if one.get("GlobalIPv6Address")),
            networks=tuple(networks),
            volumes=tuple(one["Name"] for one in facts.get("Mounts") or () if one["Type"] == "volume"),
            env=tuple(config.get("Env") or []),
        )

    @property
    def made(self) -> datetime:
        """When it was made, by the engine's clock; the earliest time there is when that is not known."""
        return datetime.fromisoformat(self.created) if self.created else datetime.min.replace(tzinfo=UTC)

    @property
    def service(self) -> str:
        """The service of the Compose file that it is of."""
        return self.labels.get(SERVICE, "")

    @property
    def is_one_off(self) -> bool:
        """Whether `docker compose run` has made it."""
        return self.labels.get(ONE_OFF) == "True"

    @property
    def ready(self) -> bool:
        """Whether it runs, and its health check, if it has one, says that it is ready."""
        return self.running and self.health in ("", "healthy")

    def published(self, inside: str = "") -> int | None:
        """Return the port of the engine's machine that leads to one of it, like 80/tcp; to any unless told."""
        found = [port for name, ports in self.ports.items() if inside in ("", name) for port in ports]
        return found[0] if found else None

    def verdict(self, restarts: int = 0) -> Verdict:
        """Judge it after it was started; `restarts` is how often it had been restarted before.

        A 500 of the health path is a mistake in the service, which waiting doesn't mend.
        """
        if self.out_of_memory:
            return Verdict(wrong="ran out of memory")
        if not self.running:
            return Verdict(wrong=self.ended or f"ended with status {self.status}")
        if self.restarts > restarts:
            return Verdict(wrong="ended, and was started again")
        if self.ready:  # without a check, running is all that can be seen
            return READY
        # What the check of another service prints is its own, and no answer.
        answers = [Answer.read(one) for one in self.checks] if self.service in ("", WEB) else []
        if final := next((one for one in answers if one.is_final), None):
            return Verdict(wrong=f"answers {final.status}")
        so_far = next((said for one in reversed(answers) if (said := str(one))), "")
        if self.health == "unhealthy":
            return Verdict(wrong=f"is unhealthy{f': {so_far}' if so_far else ''}", unhealthy=True)
        return Verdict(so_far=so_far)


def _ports(facts: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    # Until the engine starts a container again, its ports are free, and named only in what it was made of.
    told, at = ("HostConfig", "PortBindings") if facts["State"].get("Restarting") else ("NetworkSettings", "Ports")
    found = (facts.get(told) or {}).get(at) or {}
    given = {inside: [int(one["HostPort"] or 0) for one in to or ()] for inside, to in found.items()}
    return {inside: tuple(filter(None, those)) for inside, those in given.items()}  # 0: any port, another one each time


def judged(containers: Sequence[Container]) -> Verdict:
    """Judge several together."""
    return together([one.verdict() for one in containers])


def inspect_command(*names: str) -> list[str]:
    """Return the command that describes containers, as JSON."""
    return ["docker", "inspect", "--type", "container", *names]


def list_command(*filters: str, running: bool = False, form: str = "{{.ID}}") -> list[str]:
    """Return the command that lists containers by filters, like label=NAME=VALUE; also those that ended."""
    every = None if running else "--all"
    return tokens(["docker", "ps"], every, *(["--filter", one] for one in filters), ["--format", form])


def logs_command(name: str, lines: int, follow: bool = False) -> list[str]:
    """Return the command that shows the last lines of a container's log."""
    return tokens(["docker", "logs"], "--follow" if follow else None, ["--tail", str(lines), name])


def stop_command(*names: str) -> list[str]:
    """Return the command that stops containers: what they are at is finished, for their stop_grace_period."""
    return ["docker", "stop", *names]


def start_command(*names: str) -> list[str]:
    """Return the command that starts containers again."""
    return ["docker", "start", *names]


def remove_command(*names: str, volumes: bool = False) -> list[str]:
    """Return the command that removes containers, also running ones; with `volumes`, their nameless volumes too."""
    return tokens(["docker", "rm", "--force"], "--volumes" if volumes else None, *names)


def exec_command(container: str, *command: str, options: Sequence[str] = ()) -> list[str]:
    """Return the command that runs another one in a container."""
    return ["docker", "exec", *options, container, *command]


def inspect(shell: Shell, *names: str) -> list[Container]:
    """Return the containers of these names; one that is gone is left out.

    Raises Problem when the engine doesn't tell.
    """
    if not names:
        return []
    for _ in range(2):  # one answer that was lost says nothing
        status, out, complaint = shell.probe(inspect_command(*names))
        # One that is gone meanwhile makes the status 1, and the others are shown all the same.
        shown = [Container.of(one) for one in json.loads(out or "[]")]
        if not status or len(shown) + complaint.lower().count(NO_SUCH) >= len(names):
            return shown
    said = shell.steps.redact(complaint.strip()) or f"docker ended with status {status}."
    raise Problem(f"{said}\nThe engine could not be asked about {', '.join(names)}. What it has: docker ps --all")


def look(shell: Shell, name: str) -> Container | None:
    """Return the container of this name or id, None when there is none.

    Raises Problem when the engine doesn't tell.
    """
    return next(iter(inspect(shell, name)), None)


def found(shell: Shell, *filters: str) -> list[Container]:
    """Return the containers that filters find."""
    return inspect(shell, *shell.output(list_command(*filters)).split())


def last_lines(shell: Shell, container: str, lines: int) -> str:
    """Return the last lines of a container's log: its output, and after it its errors; or why it cannot be read."""
    try:
        _, out, err = shell.probe(logs_command(container, lines))
    except Problem as problem:
        return str(problem.message)
    return f"{out}\n{err}".strip()


def last_words(shell: Shell, one: Container, lines: int) -> str:
    """Return the last lines of a container's log, and what its health check has said last of one that is not well."""
    said = last_lines(shell, one.id, lines)
    check = one.checks[-1] if one.checks and one.health not in ("", "healthy") else ""
    return f"{said}\n{check}".strip()


def wait_for(look: Callable[[], Container | None], limit: float) -> str:
    """Wait until a container is ready, for at most `limit` seconds.

    Returns "" when it is ready, else what is wrong with it. (`up --wait` looks twice a second, waits for what cannot
    become healthy any more, and shows no log.)
    """
    restarts: int | None = None

    def judge() -> Verdict:
        nonlocal restarts
        one = look()
        restarts = one.restarts if one and restarts is None else restarts
        return one.verdict(restarts or 0) if one else GONE

    return until_ready(judge, limit)
