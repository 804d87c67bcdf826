"""Production on one Docker Engine: what stays (proxy, database), and its releases."""

from collections.abc import Sequence
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Ran, tokens
from slipway.core.words import listed
from slipway.deploy import maintenance, source
from slipway.deploy.compose import labels, oneoffs
from slipway.deploy.compose.companions import DeployedCompanions
from slipway.deploy.compose.database import DeployedDatabase
from slipway.deploy.compose.edge import Edge
from slipway.deploy.compose.files import Files
from slipway.deploy.compose.groups import part_states, unknown, unlabelled
from slipway.deploy.compose.network import DatabaseNetwork
from slipway.deploy.compose.proxy import CaddyProxy
from slipway.deploy.compose.releases import EngineReleases
from slipway.engine import attached, containers
from slipway.engine.stack import Stack
from slipway.engine.volumes import remove_command as remove_volumes
from slipway.project import labels as image_labels
from slipway.project.checkout import Checkout
from slipway.runtime import Job, LiveRelease, State, companions
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, MIGRATE, ComposeJobs, no_tty, with_variables
from slipway.runtime.release import WEB
from slipway.runtime.stacks import COLUMNS, check_port, doomed, kept, live_releases, status, stop
from slipway.runtime.tree import TreeImage

EVERYWHERE = "0.0.0.0"  # noqa: S104
HTTPS = 443


class DeployedService:
    """The service of a deployment: the release that clients are led to."""

    def __init__(self, checkout: Checkout, stack: Stack, image: TreeImage, releases: EngineReleases) -> None:
        self.checkout = checkout
        self.stack = stack
        self.image = image
        self.releases = releases

    @property
    def release(self) -> str:
        """The image that this tree is, or will be, built as; raises Problem where it is another one elsewhere."""
        return self.image.release

    def running(self) -> str:
        """Return the image of the live release, or ""."""
        live = self.releases.live()
        return live.image if live and live.running else ""

    def version(self) -> str:
        """Return the version that the live release's image was built as."""
        live = self.releases.live()
        return live.labels.get(image_labels.VERSION, "") if live and live.running else ""

    def port(self) -> int | None:
        """Return the port of the proxy when a release runs behind it, or None."""
        live = self.releases.live()
        configured = self.releases.settings.port_of(self.stack.environment)
        return (self.releases.proxy.port or configured) if live and live.running else None

    def is_current(self, port: int) -> bool:
        """Tell whether the live release is ready, and the proxy before it."""
        live, proxy = self.releases.live(), self.stack.container(labels.PROXY)
        return bool(live and live.ready and proxy and proxy.ready)

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port."""
        mine, of = self.port(), self.releases.settings
        if mine != port:
            variable = "HTTPS_PORT" if of.domain and port == of.https_port else "PORT"
            once = variable == "PORT" and mine is None  # `inv up` never replaces a release
            check_port(self.checkout.shell, port, EVERYWHERE, variable, once)

    def live(self) -> list[LiveRelease]:
        """Return the releases that run, as their images' labels say."""
        found = self.releases.all().values()
        return live_releases([one for release in found for one in release.containers if one.running])

    def prepare(self) -> None:
        """Build the image when what goes into it has changed."""
        self.image.prepare()

    def is_prepared(self) -> bool:
        """Tell whether the image is built of what goes into it now."""
        return self.image.is_built()

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the log of the live release, of one of its processes, or of a one-off or companion."""
        live, name = self.releases.live(), process or WEB
        if process and not (live and process in live.services):
            attached.show(self.checkout.shell, self.stack.containers, self.stack.name, process, lines, follow)
        if not live:
            raise Problem("There is no log: no release is live. ./inv deploy")
        if len(each := live.services.get(name, ())) == 1:
            self.checkout.shell.become(containers.logs_command(each[0].name, lines, follow), merged=True)
        show = self.releases.compose(live.id, "logs", "--follow" if follow else None, "--tail", str(lines), name)
        self.checkout.shell.become(show, env=self.releases.env(live.id, live.image), merged=True)

    def shell(self) -> NoReturn:
        """Open a shell in a container of the live release."""
        live = self.releases.live()
        if not live or not live.running:
            raise Problem("No release is live: ./inv deploy")
        options = tokens("--interactive", "--tty" if not no_tty() else None)
        sh = with_variables(self.checkout.project, ["sh"])
        self.checkout.shell.become(containers.exec_command(live.web[0].name, *sh, options=options))


class EngineDeployment:
    """The runtime of production on a Docker Engine; see `runtime.Deployment`."""

    name = "docker"
    to_replace = ", without a pause: ./inv deploy"

    def __init__(self, checkout: Checkout, environment: Environment) -> None:
        self.checkout = checkout
        self.environment = environment
        self.settings = environment.settings
        self.image = TreeImage(checkout, dev=False)
        self.used = ""  # the image that jobs run in, "" for this tree's
        self.stack = Stack(
            checkout.shell, checkout.project, environment.name, self._variables,
            https=lambda: bool(self.settings.domain),
        )  # fmt: skip
        self.stack.label = f"{labels.DEPLOYMENT}={self.stack.name}"
        files = Files(self.stack, lambda: self.proxy.image)
        self.edge = Edge(self.stack)
        self.proxy = CaddyProxy(self.stack, files, self.edge)
        self.jobs = ComposeJobs(self.stack, self.settings, apart=True)
        self.network = network = DatabaseNetwork(self.stack, self.jobs.run)
        self.releases = EngineReleases(self.stack, self.settings, files, self.proxy, network)
        self.service = DeployedService(checkout, self.stack, self.image, self.releases)
        self.database = DeployedDatabase(environment, self.stack, network, self.proxy.hashes)
        of = self.releases.services
        self.companions = DeployedCompanions(self.stack, self.proxy.services, self.proxy.hashes, of)

    @property
    def backups(self) -> str:
        """Where the backups are."""
        return self.jobs.backups

    def use(self, image: str) -> None:
        """Let jobs run in this image."""
        self.used = image

    def need(self) -> None:
        """Raise Problem where nothing was ever deployed."""
        source.need(self.releases)

    def check(self, port: int) -> None:
        """Have Compose read its files, and say what was started without `inv`; raises Problem."""
        steps, defined = self.checkout.steps, self.proxy.services(port)
        found, name = self.stack.containers, self.stack.name
        services = {DATABASE, MIGRATE, labels.PROXY}
        if others := unknown(found, name, defined):
            named = " ".join(others)
            steps.note("found", f"{named}: in the Compose project {name}, of no service of it: docker rm -f {named}")
        if by_hand := [one for one in unlabelled(found, name) if one in services]:
            steps.note("found", f"{', '.join(by_hand)}: started without inv, and the deployment's all the same")

    def run(self, job: Job) -> Ran:
        """Run a job in a one-off container."""
        self.network.have()
        return self.jobs.run(job)

    def become(self, job: Job) -> NoReturn:
        """Let a job take this process's place."""
        if self.settings.own_database:
            self.stack.need(DATABASE)
        self.network.have()
        self.jobs.become(job)

    def launch(self, argv: Sequence[str], tag: str, detached: bool) -> str:
        """Run a command as the live release does, or as one of this tag would."""
        return oneoffs.launch(self.checkout, self, self.releases, argv, tag, detached)

    def use_programs(self, major: int) -> str:
        """Let jobs beside the database have PostgreSQL's programs of this major version."""
        return self.jobs.use_programs(major)

    def stop(self, volumes: bool) -> None:
        """Remove the containers of all releases, the proxy and the database; the volumes as well if told to."""
        shell = self.checkout.shell
        if names := [name for release in self.releases.all().values() for name in release.names]:
            shell.output(containers.stop_command(*names), echo=True)
            shell.output(containers.remove_command(*names), echo=True)
        self.stack.forget()
        stop(self.stack, volumes, was_there=bool(names))
        self.edge.remove()
        self.releases.tidy()
        if volumes and (left := self.releases.shared.of_releases()):
            shell.output(remove_volumes(*left), echo=True)

    def volumes(self) -> list[str]:
        """Name the volumes that `stop(volumes=True)` deletes."""
        return doomed(self.stack) + [f"the volume {name}" for name in self.releases.shared.of_releases()]

    def kept(self) -> list[str]:
        """Name the volume of the backups, where it is."""
        return kept(self.stack, self.backups)

    def traces(self) -> list[str]:
        """Name those of the volumes that tell of a deployment: who takes the lock makes the others."""
        of_lock = [f"the volume {of(self.stack.name)}" for of in (labels.files_volume, labels.ledger_volume)]
        return [one for one in self.volumes() if one not in of_lock]

    def listing(self) -> NoReturn:
        """Let the engine print the containers."""
        mine = [f"id={one.id[:12]}" for one in self.stack.containers]  # filters of one name are alternatives
        none = f"label={containers.PROJECT}={self.stack.name}"
        self.checkout.shell.become(containers.list_command(*(mine or [none]), form=COLUMNS))

    def status(self) -> dict[str, State]:
        """Return the state of the live release, the database and the proxy."""
        live = self.releases.live()
        found = status(self.stack, self.environment, live.web[0] if live and live.web else None)
        if live and live.running:
            port = self.proxy.port
            more = {"container": " ".join(one.name for one in live.web), "id": live.id} | (
                {"address": self.url(port)} if port else {}
            )
            found["service"] = State(found["service"].state, {**found["service"].details, **more})
        beside = part_states(live) if live else {}
        proxy = self.stack.container(labels.PROXY)
        word = "stopped" if not proxy or not proxy.running else "ready" if proxy.ready else "not ready"
        away = maintenance.parse(self.releases.maintenance()[0])
        told = {"maintenance": State("on", {"since": away.since, "by": away.by})} if away else {}
        return found | beside | {"proxy": State(word)} | companions.states(self.stack) | told

    def url(self, port: int) -> str:
        """Return the address of the service: its domain, or this port."""
        if self.settings.domain:
            https = self.settings.https_port
            return f"https://{self.settings.domain.partition(',')[0]}{'' if https == HTTPS else f':{https}'}"
        return f"http://localhost:{port}"

    def _variables(self) -> dict[str, str]:
        of = self.settings
        lists = {"HOSTS": listed(of.domain), "TRUSTED": listed(of.trusted_proxies)}  # of Caddy's form
        given = {name: " ".join(values) for name, values in lists.items() if values}
        return {"IMAGE": self.used or self.image.tag, "DEPLOYMENT": self.stack.name} | given
