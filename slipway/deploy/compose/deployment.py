"""Production on one Docker Engine: what stays (proxy, database), and its releases."""

from collections.abc import Sequence
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.core.words import listed
from slipway.deploy import maintenance, source, webless
from slipway.deploy.compose import labels, oneoffs, tasks
from slipway.deploy.compose.companions import DeployedCompanions
from slipway.deploy.compose.database import DeployedDatabase
from slipway.deploy.compose.edge import Edge
from slipway.deploy.compose.files import Files
from slipway.deploy.compose.groups import part_states, state, unknown, unlabelled
from slipway.deploy.compose.network import DatabaseNetwork
from slipway.deploy.compose.no_proxy import NoProxy
from slipway.deploy.compose.proxy import CaddyProxy
from slipway.deploy.compose.releases import EngineReleases
from slipway.deploy.compose.service import DeployedService
from slipway.engine import containers
from slipway.engine.stack import Stack
from slipway.engine.volumes import remove_command as remove_volumes
from slipway.project.checkout import Checkout
from slipway.project.processes import NO_WEB
from slipway.project.settings import Settings
from slipway.runtime import Job, State, companions
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, MIGRATE, ComposeJobs
from slipway.runtime.stacks import COLUMNS, doomed, kept, status, stop
from slipway.runtime.tree import TreeImage

HTTPS = 443


class EngineDeployment:
    """The runtime of production on a Docker Engine; see `runtime.Deployment`."""

    name = "docker"
    to_replace = ", without a pause: ./inv deploy"
    no_copies = ""
    pulls = False

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
        self.proxy = (CaddyProxy if checkout.project.has_web else NoProxy)(self.stack, files, self.edge)
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

    def hand_out(self, image: str) -> None:
        """Do nothing: it is on the only engine that there is."""

    def before(self) -> None:
        """Return None; raises Problem when a Swarm has it, of which the engine is a node."""
        tasks.refuse_unless_here(self.stack)

    def need(self) -> None:
        """Raise Problem where nothing was ever deployed."""
        source.need(self)

    def check(self, port: int) -> None:
        """Have Compose read its files, and say what was started without `inv`; raises Problem."""
        if not self.checkout.project.has_web and self.stack.container(labels.PROXY):
            raise Problem(f"{self.stack.name} has a proxy, and {NO_WEB} by now. {webless.FIRST}")
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
        beside = part_states(live) if live else {}
        if not self.checkout.project.has_web:
            return found | {"service": state(live)} | beside | companions.states(self.stack)
        if live and live.running:
            port = self.proxy.port
            more = {"container": " ".join(one.name for one in live.web), "id": live.id} | (
                {"address": self.url(port)} if port else {}
            )
            found["service"] = State(found["service"].state, {**found["service"].details, **more})
        proxy = self.stack.container(labels.PROXY)
        word = "stopped" if not proxy or not proxy.running else "ready" if proxy.ready else "not ready"
        away = maintenance.parse(self.releases.maintenance()[0])
        told = {"maintenance": State("on", {"since": away.since, "by": away.by})} if away else {}
        return found | beside | {"proxy": State(word)} | companions.states(self.stack) | told

    def url(self, port: int) -> str:
        """Return the address of the service: its domain, or this port."""
        return address(self.settings, port)

    def _variables(self) -> dict[str, str]:
        return variables(self.settings, self.stack.name, self.used or self.image.tag)


def variables(settings: Settings, deployment: str, image: str) -> dict[str, str]:
    """Return what the Compose files of production ask for."""
    lists = {"HOSTS": listed(settings.domain), "TRUSTED": listed(settings.trusted_proxies)}  # of Caddy's form
    given = {name: " ".join(values) for name, values in lists.items() if values}
    return {"IMAGE": image, "DEPLOYMENT": deployment} | given


def address(settings: Settings, port: int, host: str = "localhost") -> str:
    """Return the address of a service: its domain, or a port of a host."""
    if settings.domain:
        https = settings.https_port
        return f"https://{settings.domain.partition(',')[0]}{'' if https == HTTPS else f':{https}'}"
    return f"http://{host}:{port}"
