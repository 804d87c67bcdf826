"""A deployment on a Docker Engine: what stays (proxy, database), and its releases."""

import base64
import contextlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import tokens
from slipway.core.steps import FromFile
from slipway.deploy import ledger
from slipway.deploy.compose.lock import EngineLock, on_engine
from slipway.deploy.compose.release import RELEASE, Release, grouped
from slipway.deploy.ledger import Entry
from slipway.engine.compose import docker_compose
from slipway.project.revisions import caller
from slipway.runtime.compose import DockerRuntime, healthy, published

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle

DEPLOYMENT = "dev.slipway.deployment"  # the label of everything that belongs to a deployment

SCRIPT = "slipway/deploy/compose/deployment.sh"  # it says what these files of the deployment are
LIVE, FLIPPED, LEDGER, SALT = "live", "flipped", "releases.jsonl", "salt"


class Production(DockerRuntime):
    """The runtime of production on Docker."""

    address = "0.0.0.0"  # noqa: S104
    to_replace = ", without a pause: ./inv deploy"

    def __init__(self, here: "Lifecycle") -> None:
        super().__init__(here)
        self.volume = f"{self.compose_project}_deployment"
        self.lock_name = f"{self.compose_project}-lock"
        self.holding = ""  # the id of the lock's container, while this process has it

    # The lock, and the files of the deployment

    @contextlib.contextmanager
    def alone(self, verb: str, wait: bool = True, files: bool = True) -> Iterator[None]:
        """Hold the engine's lock of this deployment; see `lock.on_engine`. With `files`, /deployment is at hand."""
        if files:
            self._make_volume(
                self.volume,
                f"com.docker.compose.project={self.compose_project}",
                "com.docker.compose.volume=deployment",
            )
        who = f"inv {verb} of {caller('prod')['SLIPWAY_BY']}"
        lock = EngineLock(self.lock_name, self.proxy_image, who, self.volume if files else "")
        with on_engine(lock, self.here.shell, wait, verb) as container:
            self.holding = container if files else ""
            self._forget()
            try:
                yield
            finally:
                self.holding = ""

    def script(
        self,
        function: str,
        *args: str,
        given: str | None = None,
        echo: bool = False,
        locked: bool = False,
        apart: bool = False,
    ) -> tuple[int, str]:
        """Run a function of deployment.sh in the deployment's folder; return its status and output.

        In the container of the lock when this process holds it, or, with `locked`, anybody; else in the proxy's, which
        may only read, or in one of its own. A lock that was taken away from this process is not mistaken for another's.
        """
        locked = locked or bool(self.holding)
        shell = self.here.shell
        command = ["-ec", FromFile(SCRIPT), "sh", function, *args]
        options = tokens(None if given is None else "--interactive", ["--workdir", "/deployment"])
        if locked:
            run = ["docker", "exec", *options, self.holding or self.lock_name, "sh", *command]
        elif self.runs("proxy"):
            run = ["docker", "exec", *options, self.proxy_name, "sh", *command]
        elif shell.probe(["docker", "volume", "inspect", self.volume])[0]:
            return 0, ""  # nothing was ever deployed
        else:
            options += ["--rm", "--network", "none", "--volume", f"{self.volume}:/deployment", "--entrypoint", "sh"]
            run = ["docker", "run", *options, self.proxy_image, *command]
        status, out, _ = shell.probe(run, given=given, echo=echo, apart=apart)
        return status, out

    def write(self, name: str, text: str) -> None:
        """Write a file of the deployment in one step; raises Problem."""
        if self.script("put", name, given=text)[0]:
            raise Problem(f"{name} could not be written into the volume {self.volume}.")

    def read(self, *names: str) -> list[str]:
        """Return the text of files of the deployment, "" for one that is not there; raises Problem."""
        status, out = self.script("get", *names)
        if status:
            raise Problem(f"The files in the volume {self.volume} cannot be read.")
        lines = out.split() or ["-"] * len(names)
        return [base64.b64decode(line[1:]).decode(errors="replace") for line in lines]

    def ledger(self) -> list[Entry]:
        """Return what was deployed, the oldest first."""
        return ledger.parse(self.read(LEDGER)[0])

    def append(self, entry: Entry) -> None:
        """Write a line into the ledger; raises Problem."""
        if self.script("record", given=entry.line())[0]:
            raise Problem(f"The ledger could not be written into the volume {self.volume}.")

    # What is there

    @property
    def releases(self) -> dict[str, Release]:
        """The releases that have containers, the oldest first."""
        return grouped(self._containers)

    @property
    def live_release(self) -> Release | None:
        """The release that the proxy asks, or None."""
        found = self.releases
        return found.get(self.read(LIVE)[0].removeprefix("web-")) if found else None

    def running_port(self) -> int | None:
        """Return the port of the proxy when a release runs behind it, or None."""
        live = self.live_release
        return (self.proxy_port or self.here.settings.port_of("prod")) if live and live.running else None

    def runs(self, service: str) -> bool:
        """Tell whether a service of compose.prod.yaml runs."""
        one = self.container(service)
        return bool(one and one["State"]["Running"])

    @property
    def proxy_name(self) -> str:
        """The name of the proxy's container, "" when there is none."""
        proxy = self.container("proxy")
        return str(proxy["Name"]).lstrip("/") if proxy else ""

    @property
    def proxy_ports(self) -> list[int]:
        """The ports of the engine's machine that the proxy has."""
        proxy = self.container("proxy")
        ports = (proxy["NetworkSettings"].get("Ports") or {}).values() if proxy else ()
        return [int(binding["HostPort"]) for bindings in ports for binding in bindings or []]

    @property
    def proxy_port(self) -> int | None:
        """The proxy's port on the engine's machine, or None when it doesn't run."""
        proxy = self.container("proxy")
        return published(proxy, "80/tcp") if proxy and self.runs("proxy") else None

    def is_current(self, port: int) -> bool:
        """Tell whether the live release is ready, and the proxy before it."""
        live = self.live_release
        return bool(live and live.healthy and healthy(self.container("proxy")))

    def running_release(self) -> str:
        """Return the image of the live release, or ""."""
        live = self.live_release
        return live.image if live and live.running else ""

    def fresh(self, release: str) -> Release | None:
        """Look again at a release."""
        self._forget()
        return self.releases.get(release)

    @cached_property
    def proxy_image(self) -> str:
        """The image of the proxy, which has a shell as well."""
        return self.here.shell.output(self._bare("config", "--images", "proxy"), env=self.env()).split()[-1]

    # What is done

    def use(self, tag: str) -> None:
        """Let one-offs run in this image."""
        self.__dict__["_image"] = tag

    def release_compose(self, release: str, *args: Any) -> list[str]:
        """Return a `docker compose` command line for a release."""
        return docker_compose(self.project, "prod", *args, release=release)

    def secrets_of(self, release: str) -> str:
        """Return the name of the volume with a release's secrets."""
        return f"{self.compose_project}-{release}-secrets"

    def labels(self, release: str) -> tuple[str, str]:
        """Return the labels of what belongs to a release."""
        return (f"{DEPLOYMENT}={self.compose_project}", f"{RELEASE}={release}")

    def release_env(self, release: str, tag: str) -> dict[str, str]:
        """Return the variables that compose.release.yaml needs."""
        return {"DEPLOYMENT": self.compose_project, "RELEASE": release, "IMAGE": tag}

    def write_secrets(self, volume: str, tag: str, user: str, values: Mapping[str, str], *labels: str) -> None:
        """Fill a volume with a file for each value, readable by one user of the image alone; raises Problem.

        They go through a pipe: neither a command line nor a container shows them.
        """
        self._make_volume(volume, *labels)
        rows = "".join(f"{name} {base64.b64encode(value.encode()).decode()}\n" for name, value in values.items())
        capabilities = [word for one in ("CHOWN", "DAC_OVERRIDE", "FOWNER") for word in ("--cap-add", one)]
        options = ["--interactive", "--rm", "--network", "none", "--user", "0:0", "--cap-drop", "ALL", *capabilities]
        options += ["--volume", f"{volume}:/secrets", "--workdir", "/secrets", "--entrypoint", "sh"]
        run = ["docker", "run", *options, tag, "-ec", FromFile(SCRIPT), "sh", "fill", user]
        self.here.shell.output(run, given=rows, echo=True, failed="The secrets could not be written.")

    def start_database(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere, or runs already."""
        if not self.here.settings.own_database:
            return
        with self.here.steps.step("database", "PostgreSQL, healthy") as step:
            if self.runs("db"):
                self.wait("db")
                step.detail += ", running"
                return
            if not self.container("db"):
                tag = self.here.shell.output(self.compose("config", "--images", "db"), env=self.env()).split()[-1]
                password = {"DATABASE_PASSWORD": self.here.settings.values["DATABASE_PASSWORD"]}
                labels = (f"com.docker.compose.project={self.compose_project}", "com.docker.compose.volume=secrets")
                self.write_secrets(f"{self.compose_project}_secrets", tag, "postgres", password, *labels)
            up = self.compose("up", "--detach", "--no-recreate", "db")
            self.here.shell.quietly(up, env=self.env(), failed="The database could not be started.")
            self.wait("db")

    def remove(self, release: Release) -> None:
        """Remove a release, its secrets included, once what it is at is finished."""
        if release.running:
            self.here.shell.probe(["docker", "stop", *release.names], echo=True)
        self.here.shell.probe(["docker", "rm", "--force", *release.names])
        self.here.shell.probe(["docker", "volume", "rm", self.secrets_of(release.id)])
        self._forget()

    def remove_stray_secrets(self) -> None:
        """Remove the secrets of releases that have no containers."""
        self._forget()
        kept = {self.secrets_of(release) for release in self.releases}
        if stray := [volume for volume in self._secret_volumes() if volume not in kept]:
            self.here.shell.probe(["docker", "volume", "rm", *stray])

    def stop_release(self, release: Release) -> None:
        """Stop a release: what it is at is finished, for as long as its stop_grace_period; raises Problem."""
        self.here.shell.output(["docker", "stop", *release.names], echo=True, failed="The old release does not stop.")
        self._forget()

    def stop(self, volumes: bool) -> None:
        """Remove the containers of all releases, the proxy and the database; the volumes as well if told to."""
        shell = self.here.shell
        if names := [name for release in self.releases.values() for name in release.names]:
            shell.output(["docker", "stop", *names], echo=True)
            shell.output(["docker", "rm", "--force", *names], echo=True)
        self._forget()
        super().stop(volumes)
        self.remove_stray_secrets()

    def status(self) -> dict[str, dict[str, object]]:
        """Return the state of the live release, the proxy and the database."""
        found, live = super().status(), self.live_release
        if live and live.running:
            found["service"] |= {"container": " ".join(live.names), "id": live.id}
            if port := self.proxy_port:
                found["service"]["address"] = self.here.url(port)
        proxy = self.container("proxy")
        found["proxy"] = {"state": ("ready" if healthy(proxy) else "not ready") if self.runs("proxy") else "stopped"}
        return found

    def logs(self, follow: bool, lines: int) -> NoReturn:
        """Show the log of the live release."""
        live = self.live_release
        if not live:
            raise Problem("There is no log: no release is live. ./inv deploy")
        follows = "--follow" if follow else None
        if len(live.containers) == 1:
            command = tokens("docker", "logs", follows, "--tail", str(lines), live.names[0])
            self.here.shell.become(command, merged=True)
        show = self.release_compose(live.id, "logs", follows, "--tail", str(lines), "web")
        self.here.shell.become(show, env=self.release_env(live.id, live.image), merged=True)

    def ps(self) -> NoReturn:
        """Print the containers."""
        form = "table {{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}"
        self.here.shell.become(["docker", "ps", "--all", "--filter", self._mine, "--format", form])

    def shell(self) -> NoReturn:
        """Open a shell in a container of the live release."""
        live = self.live_release
        if not live or not live.running:
            raise Problem("No release is live: ./inv deploy")
        terminal = "--tty" if not self._no_tty else None
        self.here.shell.become(tokens("docker", "exec", "--interactive", terminal, live.names[0], "sh"))

    # How

    @property
    def _mine(self) -> str:
        return f"label={DEPLOYMENT}={self.compose_project}"

    def container(self, service: str) -> dict[str, Any] | None:
        """Return what `docker inspect` says of a container, None for none; `web` is one of the live release."""
        if service == "web":
            live = self.live_release
            return live.containers[0] if live else None
        return super().container(service)

    def compose(self, *args: Any) -> list[str]:
        """Return a `docker compose` command line for what stays."""
        return docker_compose(self.project, "prod", *args, https=bool(self.here.settings.domain))

    def env(self, port: int = 0) -> dict[str, str]:
        """Return the variables that compose.prod.yaml needs."""
        return super().env(port) | {"DEPLOYMENT": self.compose_project}

    def _secret_volumes(self) -> list[str]:
        return self.here.shell.output(["docker", "volume", "ls", "--quiet", "--filter", self._mine]).split()

    def _make_volume(self, name: str, *labels: str) -> None:
        words = [word for label in labels for word in ("--label", label)]
        self.here.shell.output(["docker", "volume", "create", *words, name], failed=f"There is no volume {name}.")
