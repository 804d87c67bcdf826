"""The service on a Docker Engine, through Compose."""

import hashlib
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, NoReturn

from slipway.core import processes
from slipway.core.errors import DIFFERS, NO_REVISION, OTHER_LOGIN, Problem, taken
from slipway.core.shell import Shell
from slipway.core.steps import FromFile
from slipway.engine.compose import docker_compose, project_name
from slipway.image import plan as image
from slipway.project import tree as version
from slipway.project.revisions import Live, caller, schema_command
from slipway.runtime.postgres import BACKUPS, login_environ

MADE_BY = "dev.slipway.by"  # the label of a one-off: machine and process

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle


class DockerRuntime:
    """Containers of one Compose project."""

    name = "docker"
    to_replace = ": ./inv down, then ./inv up"
    address = "127.0.0.1"  # of this machine, where the service can be reached

    def __init__(self, here: "Lifecycle") -> None:
        self.here = here
        self.project = here.project
        self.dev = here.environment == "dev"
        self.compose_project = project_name(here.project, here.environment)
        self.record = here.state / "service.json"

    # What is there

    def running_port(self) -> int | None:
        """Return the port of the running service, or None."""
        web = self.container("web")
        return published(web) if web and web["State"]["Running"] else None

    def is_current(self, port: int) -> bool:
        """Tell whether what runs is what would be started."""
        try:
            known = json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return False
        web, db = self.container("web"), self.container("db")
        return (
            healthy(web)
            and (not self.here.settings.own_database or healthy(db))
            and known == {"container": web and web["Id"], "fingerprint": self._fingerprint(port)}
        )

    def running_release(self) -> str:
        """Return the image of the running service, or ""."""
        web = self.container("web")
        return str(web["Config"]["Image"]) if web and web["State"]["Running"] else ""

    @property
    def release(self) -> str:
        """The image that this tree is, or will be, built as."""
        return self._image

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port."""
        try:
            if self.running_port() == port or processes.is_free(port, self.address) or self._is_remote():
                return
        except PermissionError:  # this user may not, but the engine may
            return
        names = self.here.shell.output(["docker", "ps", "--filter", f"publish={port}", "--format", "{{.Names}}"])
        raise Problem(taken(port, f"the container {names.split()[0]}" if names else processes.owner(port)))

    # Steps of `inv up`

    def prepare(self) -> None:
        """Build the image when what goes into it has changed."""
        with self.here.steps.step("image", self._image) as step:
            if self._built():
                step.detail += ", unchanged"
            else:
                image.build(self.here, image.of(self.project, self._tree), [self._image])

    def start_database(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere."""
        if not self.here.settings.own_database:
            return
        with self.here.steps.step("database", "PostgreSQL, healthy"):
            before = self.container("db")
            if not (before and before["State"]["Running"]):
                self.here.undo.callback(self._quiet, "stop", "db")
            up = self.compose("up", "--detach", "db")
            self.here.shell.quietly(up, env=self.env(), failed="The database could not be started.")
            self.wait("db")

    def schema(self, *args: str, failed: str) -> str:
        """Run a command of slipway.schema in a one-off container.

        Returns what it printed. Raises Problem with `failed` when its status is not 0.
        """
        self._remove_left_behind()
        options = ["--label", f"{MADE_BY}={socket.gethostname()}/{os.getpid()}"]
        options += [word for pair in caller(self.here.environment).items() for word in ("--env", "=".join(pair))]
        name = f"migrate-{secrets.token_hex(4)}"  # several may wait for their turn
        ran = one_off(self.here.shell, self.compose, name, schema_command("python", args), self.env(), options=options)
        if ran.status and "authentication failed" in ran.said and self.here.settings.own_database:
            raise Problem(OTHER_LOGIN if self.dev else f"{DIFFERS}.")
        if ran.status:
            raise Problem(failed, ran.status)
        return ran.output

    def alembic(self, *args: str) -> None:
        """Run alembic in a one-off container, its files the caller's; raises Problem."""
        mine = ["--user", f"{os.getuid()}:{os.getgid()}"]
        ran = self._one_off("migrate", ["alembic", *args], mine)
        if ran.status:
            raise Problem(NO_REVISION, ran.status)

    def live(self) -> list[Live]:
        """Return the releases that run, as their images' labels say."""
        running = [one["Config"] for one in self._services("web") if one["State"]["Running"]]
        found = [
            Live(one["Image"], one["Labels"].get(image.SCHEMA, ""), one["Labels"].get(image.PREVIOUS, ""))
            for one in running
        ]
        return list(dict.fromkeys(found))

    @property
    def backups(self) -> str:
        """Where the backups are: a volume that `inv down --volumes` leaves alone."""
        return f"{self.compose_project}-backups"

    def beside_database(
        self, *args: str, failed: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> str:
        """Run a function of backups.sh where PostgreSQL's programs are, in the folder of the backups.

        It reads `stdin`. What it prints is returned, or goes to `stdout`. Raises Problem with `failed` when its status
        is not 0.
        """
        values = self.here.settings.values
        env = login_environ(values, values["DATABASE_HOSTNAME"], values["DATABASE_PORT"])
        options = ["--volume", f"{self.backups}:/backups", "--workdir", "/backups"]
        options += [word for name in env for word in ("--env", name)]
        command = ["sh", "-c", FromFile(BACKUPS), "sh", *args]
        shell = self.here.shell
        if stdin or stdout:
            run = self.compose("run", "--rm", "--no-deps", "-T", *options, "db", *command)
            status, output = shell.status(run, env=self.env(), hidden=env, stdin=stdin, stdout=stdout), ""
        else:
            ran = self._one_off("db", command, options, env)
            status, output = ran.status, ran.output
        if status:
            raise Problem(failed)
        return output

    def start(self, port: int) -> None:
        """Start the service; ready when this returns.

        Raises Problem, with the last lines of its log, when it doesn't become ready.
        """
        with self.here.steps.step("service", "gunicorn, ready") as step:
            if self.running_port() is None:
                self.here.undo.callback(self._quiet, "rm", "--stop", "--force", "web")
            up = self.compose("up", "--detach", "--no-deps", "--no-build", "web")
            self.here.shell.quietly(up, env=self.env(port), failed="The service could not be started.")
            self.wait("web")
            web = self.container("web")
            known = {"container": web and web["Id"], "fingerprint": self._fingerprint(port)}
            self.record.write_text(json.dumps(known))
            step.detail = f"{self.compose_project}: gunicorn, ready"

    # The other verbs

    def stop(self, volumes: bool) -> None:
        """Remove the containers; the volumes as well if told to."""
        with self.here.steps.step("down", f"{self.compose_project}: stopped"):
            mine = ["--filter", f"label=com.docker.compose.project={self.compose_project}"]
            oneoff = ["docker", "ps", "--all", "--quiet", *mine, "--filter", "label=com.docker.compose.oneoff=True"]
            if names := self.here.shell.output(oneoff).split():
                self.here.shell.output(["docker", "rm", "--force", *names], echo=True)
            down = self._bare("down", "--remove-orphans", "--volumes" if volumes else None)
            self.here.shell.quietly(down)
        self.record.unlink(missing_ok=True)

    def volumes(self) -> list[str]:
        """Name the volumes that `stop(volumes=True)` deletes."""
        mine = f"label=com.docker.compose.project={self.compose_project}"
        return [
            f"the volume {v}"
            for v in self.here.shell.output(["docker", "volume", "ls", "-q", "--filter", mine]).split()
        ]

    def logs(self, follow: bool, lines: int) -> NoReturn:
        """Show the service's log."""
        web = self.container("web")
        if not web:
            raise Problem("There is no log: the service was not started. ./inv up")
        follows = ["--follow"] if follow else []
        self.here.shell.become(["docker", "logs", *follows, "--tail", str(lines), web["Name"].lstrip("/")], merged=True)

    def ps(self) -> NoReturn:
        """Print the containers."""
        self.here.shell.become(self._bare("ps", "--all"))

    def shell(self) -> NoReturn:
        """Open a shell in the service's container."""
        self._need("web")
        self.here.shell.become(self._bare("exec", self._no_tty, "web", "sh"))

    def psql(self, args: list[str]) -> NoReturn:
        """Open psql on the service's database."""
        values = self.here.settings.values
        if not self.here.settings.has_database:
            raise Problem("This service has no database: there is no DATABASE_HOSTNAME in .env.")
        env = login_environ(values, values["DATABASE_HOSTNAME"], values["DATABASE_PORT"])
        if self.here.settings.own_database:
            self._need("db")
        # The password goes through the environment: a command line can be seen by everybody.
        how = ["exec"] if self.here.settings.own_database else ["run", "--rm", "--no-deps"]
        names = [word for name in env for word in ("--env", name)]
        self.here.shell.become(self.compose(how, self._no_tty, names, "db", "psql", args), hidden=env)

    def status(self) -> dict[str, dict[str, object]]:
        """Return the state of the service and its database."""
        found: dict[str, dict[str, object]] = {}
        for name, service in (("service", "web"), ("database", "db")):
            one = self.container(service)
            found[name] = {"state": "stopped"}
            if one and one["State"]["Running"]:
                state = one["State"].get("Health", {}).get("Status", "running")
                found[name] = {"state": {"healthy": "ready"}.get(state, state), "container": one["Name"].lstrip("/")}
                if port := published(one):
                    found[name]["address"] = f"http://localhost:{port}"
                found[name]["image"] = one["Config"]["Image"]
        if not self.here.settings.own_database:
            found["database"] = self.here.settings.elsewhere()
        return found

    # How

    @cached_property
    def _tree(self) -> version.Tree:
        return image.read_tree(self.project, self.here.shell)

    @cached_property
    def _image(self) -> str:
        return f"{self.project.image}:dev" if self.dev else image.of(self.project, self._tree).tag

    @cached_property
    def _inputs(self) -> str:
        return image.inputs(self.project)

    @property
    def _no_tty(self) -> str | None:
        return None if sys.stdin.isatty() and sys.stdout.isatty() else "-T"

    def compose(self, *args: Any) -> list[str]:
        """Return a `docker compose` command line of this project."""
        return docker_compose(self.project, self.here.environment, *args)

    def _bare(self, *args: Any) -> list[str]:
        # Without .env: what only looks or stops needs no variable, has to work when the file is broken, and must not
        # show the broken line, as Compose would.
        return self.compose(["--env-file", "/dev/null"], *args)

    def env(self, port: int = 0) -> dict[str, str]:
        """Return the variables that the Compose files leave open."""
        return {"IMAGE": self._image} | ({"PORT": str(port)} if port else {})

    def _built(self) -> bool:
        found = image.label(self.here.shell, self._image, image.INPUTS)
        return found is not None and (found == self._inputs or not self.dev)  # a version's tag means one content

    def _fingerprint(self, port: int) -> str:
        config = self.here.shell.output(self.compose("config"), env=self.env(port))
        return hashlib.sha256(f"{config}{self._inputs}".encode()).hexdigest()

    @property
    def _mine(self) -> str:
        # What finds this project's containers.
        return f"label=com.docker.compose.project={self.compose_project}"

    @cached_property
    def _containers(self) -> list[dict[str, Any]]:
        ids = self.here.shell.output(["docker", "ps", "--all", "--quiet", "--filter", self._mine]).split()
        if not ids:
            return []
        # One that is gone meanwhile makes the status 1, and the others are shown all the same.
        return list(json.loads(self.here.shell.probe(["docker", "inspect", *ids])[1] or "[]"))

    def wait(self, service: str) -> None:
        """Wait until a service is ready; raises Problem with its log."""
        if how := wait_for(lambda: self._fresh(service), self.project.wait):
            one = self.container(service)
            said = last_lines(self.here.shell, one["Id"], 25) if one else ""
            name = "database" if service == "db" else "service"
            raise Problem(f"{said}\nThe {name} {how}; the last lines of its log are above.")

    def _fresh(self, service: str) -> dict[str, Any] | None:
        self._forget()
        return self.container(service)

    def _forget(self) -> None:
        # The containers have changed.
        self.__dict__.pop("_containers", None)

    def container(self, service: str) -> dict[str, Any] | None:
        """Return what `docker inspect` says of a service's container, one that runs if there is; None for none."""
        found = None
        for one in self._services(service):
            found = one if found is None or one["State"]["Running"] else found
        return found

    def _services(self, service: str) -> list[dict[str, Any]]:
        # All containers of a service, but one-offs.
        wanted = (service, False)
        labelled = [(one, one["Config"]["Labels"]) for one in self._containers]
        return [
            one
            for one, of in labelled
            if (of.get("com.docker.compose.service"), of.get("com.docker.compose.oneoff") == "True") == wanted
        ]

    def _need(self, service: str) -> None:
        one = self.container(service)
        if not (one and one["State"]["Running"]):
            raise Problem(f"{'The database' if service == 'db' else 'The service'} is not running: ./inv up")

    def check_name(self) -> None:
        """Raise Problem when the project's name is another folder's.

        It would be that one's data that is migrated, or deleted.
        """
        # Production may be started from any checkout; in development the same name means somebody else's data.
        root = str(self.project.root)
        for one in self._containers if self.dev else []:
            other = one["Config"]["Labels"].get("com.docker.compose.project.working_dir", root)
            if os.path.realpath(other) != root:
                raise Problem(
                    f"The Compose project {self.compose_project!r} is up from another folder, {other}. Stop it there "
                    f"(./inv down), or name this one: COMPOSE_PROJECT_NAME={self.compose_project}2 in .env."
                )

    def _one_off(
        self, service: str, command: list[str], options: list[str], hidden: Mapping[str, str] | None = None
    ) -> "Ran":
        self._remove_left_behind()
        name = f"{service}-{secrets.token_hex(4)}"  # several may wait for their turn
        options = ["--label", f"{MADE_BY}={socket.gethostname()}/{os.getpid()}", *options]
        return one_off(
            self.here.shell, self.compose, name, command, self.env(), hidden=hidden, options=options, service=service
        )

    def _remove_left_behind(self) -> None:
        # One-offs that have ended, of verbs that were killed. Whether one on another machine was, nobody can tell.
        mine = f"label=com.docker.compose.project={self.compose_project}"
        form = f'{{{{.Names}}}} {{{{.Label "{MADE_BY}"}}}}'
        listing = ["docker", "ps", "--all", "--filter", mine, "--filter", f"label={MADE_BY}", "--format", form]
        ended = self.here.shell.output([*listing, "--filter", "status=exited", "--filter", "status=created"])
        for line in ended.splitlines():
            name, _, by = line.partition(" ")
            host, _, pid = by.rpartition("/")
            if host == socket.gethostname() and not processes.exists(int(pid)):
                self.here.shell.probe(["docker", "rm", "--force", name])

    def _quiet(self, *args: str) -> None:
        self.here.shell.probe(self.compose(*args), env=self.env())

    def _is_remote(self) -> bool:
        host = self.here.shell.probe(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])[1]
        return not os.environ.get("DOCKER_HOST", host).startswith("unix:")


def last_lines(shell: Shell, container: str, lines: int) -> str:
    """Return the last lines of a container's log: its output, and after it its errors."""
    _, out, err = shell.probe(["docker", "logs", "--tail", str(lines), container])
    return f"{out}\n{err}".strip()


@dataclass(frozen=True)
class Ran:
    """How a one-off ended: its status, what it printed, and when the status is not 0, its last lines."""

    status: int
    output: str
    said: str


def one_off(
    shell: Shell,
    compose: Callable[..., list[str]],
    name: str,
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    hidden: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    service: str = "migrate",
    captured: bool = True,
) -> Ran:
    """Run a command in a one-off container of a service.

    The container is called <project>-<name>, so that two cannot run at once; it ends when this verb does (the end of
    `docker compose run` alone would leave it running). What it prints is returned, or shown when not `captured`; its
    errors are shown. Raises Problem when one of that name is running.
    """
    run = compose("run", "--detach", "--no-deps")
    name = f"{run[run.index('--project-name') + 1]}-{name}"
    status, state, _ = shell.probe(["docker", "inspect", "--format", "{{.State.Status}}", name])
    if not status and state == "running":
        raise Problem(f"{name} is running already. Follow it: docker logs --follow {name}")
    if not status:  # left behind by a verb that was killed
        shell.output(["docker", "rm", "--force", name])
    mine = True
    try:
        start = [*run, *options, "--name", name, service, *command]
        mine = not shell.answer(start, env=env, hidden=hidden)[0]
        if not mine:
            raise Problem(f"The container {name} could not be started (see above).")
        follow, output = ["docker", "logs", "--follow", name], ""
        if captured:
            _, output = shell.answer(follow)
        else:
            shell.status(follow)
        status = int(shell.output(["docker", "wait", name]))
        return Ran(status, output, last_lines(shell, name, 50) if status else "")
    except BaseException:
        if mine:
            shell.probe(["docker", "stop", name])
        raise
    finally:
        if mine:  # one that could not be started for its name is another verb's
            shell.probe(["docker", "rm", "--force", name])


def wait_for(look: Callable[[], dict[str, Any] | None], limit: int) -> str:
    """Wait until a container is ready, for at most `limit` seconds.

    `look` returns what `docker inspect` says of it. Returns "" when it is ready, else what is wrong with it. (`up
    --wait` looks twice a second, waits for what cannot become healthy any more, and shows no log.)
    """
    end = time.monotonic() + limit
    restarts = (look() or {}).get("RestartCount", 0)
    while (how := verdict(look(), restarts)) is None:
        if time.monotonic() > end:
            return f"was not ready in {limit} s"
        time.sleep(0.1)
    return how


def verdict(container: dict[str, Any] | None, restarts: int = 0) -> str | None:
    """Judge a container that was just started.

    Takes what `docker inspect` says of it, and how often it had been restarted before. Returns "" when it is ready,
    what is wrong with it, or None when it is too early to tell. A 500 of the health path is a mistake in the service,
    which waiting doesn't mend.
    """
    if container is None:
        return "is gone"
    state = container["State"]
    if state.get("OOMKilled"):
        return "ran out of memory"
    if not state["Running"]:
        return f"ended with status {state['ExitCode']}"
    if container["RestartCount"] > restarts:
        return "ended, and was started again"
    health = state.get("Health") or {"Status": "healthy"}  # without a check, running is all that can be seen
    if health["Status"] == "healthy":
        return ""
    if [entry for entry in health["Log"] or [] if entry["Output"].strip() == "500"]:
        return "answers 500"
    return "is unhealthy" if health["Status"] == "unhealthy" else None


def healthy(container: dict[str, Any] | None) -> bool:
    """Tell whether a container runs, and its health check says that it is ready."""
    return bool(
        container and container["State"].get("Health", {}).get("Status") == "healthy" and container["State"]["Running"]
    )


def published(container: dict[str, Any], inside: str = "") -> int | None:
    """Return the port of this machine that leads to one of the container, like "80/tcp"; to any unless told."""
    for name, bindings in (container["NetworkSettings"].get("Ports") or {}).items():
        for binding in bindings or []:
            if inside in ("", name):
                return int(binding["HostPort"])
    return None
