"""Jobs on a Swarm: a service whose one task ends. Its log is followed, and how it ended is told.

Nobody's terminal can be in one, and it reads nothing: what it is given is a secret.
"""

import contextlib
import secrets as random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from slipway.core.errors import Problem
from slipway.core.limits import SOON
from slipway.core.shell import Ran
from slipway.core.steps import written
from slipway.deploy.swarm import names, render, stuck
from slipway.deploy.swarm.around import Around, File
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.database import socket_mount, without_socket
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.surroundings import Definitions
from slipway.engine.answered import Silent
from slipway.engine.api import Api, Refused
from slipway.engine.swarm import logs, nodes, objects, services
from slipway.engine.swarm.objects import SECRETS
from slipway.engine.swarm.services import OVER, Task
from slipway.project import database
from slipway.project.settings import Settings
from slipway.project.variables import with_variables
from slipway.runtime import LATE, Job, Where
from slipway.runtime.jobs import DATABASE, DATABASE_USER, MIGRATE, backups_volume, passfile

POLL = 0.3
BACKUPS = "/backups"
GIVEN = "/run/secrets/given"
READ = f'exec "$@" <{GIVEN}'
LOG = 2.0  # seconds for a log to come after its job has ended
LAST = 50  # lines of one that failed
NO_TERMINAL = (
    "Nobody's terminal can be in a task of a Swarm, and nothing is read there: say what to do, as in "
    './inv psql --prod -- -c "SELECT 1". Or on its node, which docker service ps {name} tells: docker exec -it '
    "CONTAINER psql"
)


class SwarmJobs:
    """Runs jobs as services of a deployment; `uid` is that of an image's user."""

    def __init__(
        self, parts: Parts, files: Files, definitions: Definitions, settings: Settings, uid: Callable[[str, str], str]
    ) -> None:
        self.parts, self.files, self.definitions, self.settings, self.uid = parts, files, definitions, settings, uid
        self.deployment = parts.deployment
        self.stack = definitions.stack
        self.shell = self.stack.shell

    @property
    def backups(self) -> str:
        """Where the backups are: a volume on the node that has the data."""
        return backups_volume(self.deployment)

    @property
    def no_copies(self) -> str:
        """Why backups are neither copied to this machine nor taken from it."""
        return (
            "On a Swarm, backups stay where the data is: they are neither copied here (--output) nor taken from here "
            f"(--file). They are in the volume {self.backups} of the node with the label {names.DATA_NODE}: ./inv "
            "backup --prod --list"
        )

    def run(self, job: Job) -> Ran:
        """Run a job; see `Runtime.run`."""
        if job.stdin or job.stdout:
            raise Problem(self.no_copies)
        with self._given(job) as spec:
            return follow(self.parts.api, spec, self.parts.auth(spec), self._show, job.seconds)

    def _show(self, stream: int, line: str) -> None:
        if stream == logs.ERR:
            self.shell.steps.say(line)

    def become(self, job: Job) -> NoReturn:
        """Run a job, show what it prints, and end with its status; raises Problem for one that wants a terminal."""
        if len(job.argv) == 1:
            raise Problem(NO_TERMINAL.format(name=names.of_service(self.deployment, DATABASE)))
        with self._given(job) as spec:
            raise SystemExit(follow(self.parts.api, spec, self.parts.auth(spec), printed).status)

    @contextlib.contextmanager
    def _given(self, job: Job) -> Iterator[dict[str, Any]]:
        # The service of a job, with what it is given for as long as it runs.
        made: list[str] = []

        def secret(name: str, text: str, uid: str) -> File:
            key = names.of_object(self.deployment, names.GIVEN, f"{name}.{random.token_hex(8)}")
            marks = names.marks(self.deployment, names.GIVEN)
            made.append(objects.create(self.parts.api, SECRETS, key, text.encode(), marks))
            return File(made[-1], key, name, 0o400, uid, uid)

        try:
            self.parts.have_networks(names.DATABASE)
            yield self._spec(job, secret)
        finally:
            for one in made:
                with contextlib.suppress(Refused):
                    objects.remove(self.parts.api, SECRETS, one)

    def _spec(self, job: Job, secret: Callable[[str, str, str], File]) -> dict[str, Any]:
        argv, env, files, config = list(job.argv), dict(job.env), list[File](), self.definitions.config(0)
        service = MIGRATE if job.where is Where.SERVICE else DATABASE
        if job.where is Where.SERVICE:
            of, values = dict(config["services"][MIGRATE]), self.settings.secrets
            files = self.files.secrets(values, self.uid(of["image"], ""))
            argv = with_variables(self.stack.project, argv) if values else argv
        else:
            of = {**without_socket(config)["services"][DATABASE], "environment": {}, "volumes": []}
        if job.where is Where.SUPERUSER:
            of["user"] = DATABASE_USER
            env |= {"PGUSER": database.SUPERUSER, "PGDATABASE": "postgres", "DATABASE_AT": DATABASE}
            of["volumes"] = config["services"][DATABASE].get("volumes") or []  # who is let in is a file beside the data
        if job.where is Where.DATABASE:
            of |= {"user": "0:0", "working_dir": BACKUPS}
            of["volumes"] = [{"type": "volume", "source": BACKUPS[1:], "target": BACKUPS}]
            config = {**config, "volumes": {**(config.get("volumes") or {}), BACKUPS[1:]: {"name": self.backups}}}
            login = {key: value for key, value in self.settings.database.client.items() if key != "PGPASSWORD"}
            files = [secret("pgpass", passfile(self.settings.database.password), "0")]
            env = {**login, "PGPASSFILE": "/run/secrets/pgpass", **env}
        if job.given is not None:
            files.append(secret("given", job.given, self.uid(of["image"], DATABASE_USER)))
            argv = ["sh", "-c", READ, "sh", *argv]
        more = {"environment": {**(of.get("environment") or {}), **env}, "command": [_doubled(one) for one in argv]}
        spec = job_spec(self.parts, config, service, {**of, **more}, files)
        if job.where is Where.SUPERUSER:
            spec["TaskTemplate"]["ContainerSpec"].setdefault("Mounts", []).append(socket_mount(self.deployment))
        return spec


def _doubled(word: str) -> str:
    # As Compose prints it.
    return str(word).replace("$", "$$")


def job_spec(
    parts: Parts, config: Mapping[str, Any], service: str, of: Mapping[str, Any], files: Sequence[File]
) -> dict[str, Any]:
    """Return the service of a job, as one of the Compose files is but for what `of` says: it is run once, and ends.

    One beside the database is where that is.
    """
    deployment = parts.deployment
    bare = {key: value for key, value in of.items() if key not in ("ports", "restart", "depends_on", "deploy", "scale")}
    config = {**config, "services": {**config["services"], service: {**bare, "healthcheck": {"disable": True}}}}
    around = Around(
        deployment, names.marks(deployment, names.JOB), files, networks=parts.networks_of(config, service),
        constraints=(names.pinned(names.DATA_NODE),) if service == DATABASE else (), is_job=True,
        called=names.of_service(deployment, f"{names.JOB}-{random.token_hex(4)}"),
    )  # fmt: skip
    return render.service(service, config, around)


def as_job(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a service as one whose single task is run once."""
    found = {key: value for key, value in spec.items() if key not in ("UpdateConfig", "RollbackConfig")}
    found["Mode"] = {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    found["TaskTemplate"] = {**found["TaskTemplate"], "RestartPolicy": {"Condition": "none"}}
    return found


Show = Callable[[int, str], None]


def follow(api: Api, spec: Mapping[str, Any], auth: Mapping[str, str], show: Show, seconds: float | None = None) -> Ran:
    """Run a job to its end; `show` is told each line that it prints, and its stream. Raises Problem.

    One that has not ended after its seconds is ended, with the status LATE.
    """
    service, began = services.create(api, spec, auth), time.monotonic()
    try:
        with _shown(api, service, show) as shown:
            while not (task := _ended(found := services.tasks_of(api, service))):
                stuck.refuse(api, found, time.monotonic() - began)
                if seconds is not None and time.monotonic() - began > seconds:
                    return Ran(LATE)
                time.sleep(POLL)
        if task.state == "rejected":
            node = nodes.find(api, task.node)
            where = node.name if node else task.node
            raise Problem(
                f"{task.said}\nThe job could not be started on {where} (see above). To do without that node: ./inv "
                f"drain {where}"
            )
        out, err = _told(api, service, shown)
        for stream, lines in ((logs.OUT, out), (logs.ERR, err)):
            for line in lines[len(shown[stream]) :]:  # what came last
                show(stream, line)
        status = task.status or (0 if task.state == "complete" else 1)
        said = "\n".join("\n".join([*out, *err]).strip().splitlines()[-LAST:])
        return Ran(status, "\n".join(out).strip(), said if status else "")
    finally:
        services.remove(api, service)


def _told(api: Api, service: str, shown: Mapping[int, Sequence[str]]) -> list[list[str]]:
    # All that a job has printed: output, and errors. Its node may be late with it: for no log, or for less of one than
    # was shown, is asked again; and what was shown was printed.
    end = time.monotonic() + LOG
    while True:
        seen = [list(shown[stream]) for stream in (logs.OUT, logs.ERR)]
        try:
            there = [text.splitlines() for text in logs.read(api, service)]
        except Silent:  # its node was lost once it had ended
            return seen
        is_whole = any(there) and all(len(one) >= len(other) for one, other in zip(there, seen, strict=True))
        if is_whole or time.monotonic() > end:
            return [max(one, other, key=len) for one, other in zip(there, seen, strict=True)]
        time.sleep(POLL)


def printed(stream: int, line: str) -> None:
    """Show a line as it is: what a command prints is for who has asked for it."""
    written(sys.stdout if stream == logs.OUT else sys.stderr, line)


def _ended(tasks: Sequence[Task]) -> Task | None:
    return next((one for one in reversed(tasks) if one.state in OVER), None)


@contextlib.contextmanager
def _shown(api: Api, service: str, show: Show) -> Iterator[dict[int, list[str]]]:
    # What a job prints while it runs, on a connection of its own, which ends with it. Gives the lines that were shown.
    other, shown = api.another(), {logs.OUT: list[str](), logs.ERR: list[str]()}

    def add(stream: int, line: str) -> None:
        shown.setdefault(stream, []).append(line)
        show(stream, line)

    thread = threading.Thread(target=logs.follow, args=(other, service, add), daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        other.close()
        thread.join(SOON)
