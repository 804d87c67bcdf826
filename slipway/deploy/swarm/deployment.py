"""Production on a Docker Swarm: what stays (proxies, database), and its releases."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.deploy import ledger, maintenance, source
from slipway.deploy.compose.definition import Definition
from slipway.deploy.compose.deployment import EngineDeployment, address, variables
from slipway.deploy.compose.groups import part_states, state
from slipway.deploy.compose.labels import DEPLOYMENT, PROXY
from slipway.deploy.swarm import losses, names, oneoffs, opened, reach
from slipway.deploy.swarm.companions import SwarmCompanions, keeps
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.database import SwarmDatabase
from slipway.deploy.swarm.findings import differences
from slipway.deploy.swarm.home import Home
from slipway.deploy.swarm.jobs import SwarmJobs
from slipway.deploy.swarm.lock import Lock
from slipway.deploy.swarm.made import Maker, refuse
from slipway.deploy.swarm.notes import SALT
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.predecessor import EnginePredecessor
from slipway.deploy.swarm.proxy import SwarmProxy
from slipway.deploy.swarm.releases import SwarmReleases
from slipway.deploy.swarm.service import SwarmService
from slipway.deploy.swarm.store import Store
from slipway.deploy.swarm.surroundings import Definitions
from slipway.engine import images, references
from slipway.engine.api import Api
from slipway.engine.compose import ANY
from slipway.engine.stack import Stack
from slipway.engine.swarm import nodes, objects, services
from slipway.engine.swarm.objects import CONFIGS, SECRETS
from slipway.project.checkout import Checkout
from slipway.runtime import Job, State, elsewhere
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, MIGRATE
from slipway.runtime.release import WEB, Pointer

PULLED = "It is in no registry: the nodes of a Swarm could not pull it. Release it (./inv release), and deploy that."
END = 90  # seconds for all that runs to end
OWN = (PROXY, DATABASE, MIGRATE)  # services that are on chosen nodes, or end


class SwarmDeployment:
    """The runtime of production on a Docker Swarm; see `runtime.Deployment`."""

    name = "docker"
    to_replace = ", without a pause: ./inv deploy"
    pulls = True

    def __init__(self, checkout: Checkout, environment: Environment) -> None:
        self.checkout = checkout
        self.environment = environment
        self.settings = environment.settings
        self.used = ""  # the image that jobs run in
        self.stack = Stack(
            checkout.shell, checkout.project, environment.name, self._variables,
            https=lambda: bool(self.settings.domain),
        )  # fmt: skip
        deployment = self.stack.name
        self.api = Api(checkout.shell)
        store = Store(self.api, deployment, self._holds)
        definitions = self.definitions = Definitions(self.stack)
        self.parts = Parts(self.api, deployment, store.check, self._networks)
        files = Files(self.api, deployment, lambda: store.get(names.MARK, SALT))
        self.proxy = SwarmProxy(self.parts, files, definitions, self._held, self._pointer)
        maker = Maker(self.stack, self.settings, files, self._uid, self.parts.networks_of)
        self.releases: SwarmReleases = SwarmReleases(self.parts, store, files, maker, self.settings, self.proxy)
        self.jobs = SwarmJobs(self.parts, files, definitions, self.settings, self._uid)
        unopened = partial(opened.refuse, self.parts, definitions)
        self.home = Home(self.api, store)
        self.database = SwarmDatabase(self.parts, files, definitions, self.settings, self._uid, self.home, unopened)
        self.service = SwarmService(checkout, self.parts, self.releases, self.proxy)
        self.companions = SwarmCompanions(self.parts, files, definitions, self.home, self.releases.services)

    @property
    def backups(self) -> str:
        """Where the backups are."""
        return self.jobs.backups

    @property
    def no_copies(self) -> str:
        """Why backups are neither copied to this machine nor taken from it."""
        return self.jobs.no_copies

    def use(self, image: str) -> None:
        """Let jobs run in this image, named by its digest or id; raises Problem for one that nodes cannot pull."""
        self.used = image if references.digest(image) else self._deployed(image)

    def _deployed(self, id: str) -> str:
        # Of what was deployed, the ledger has the digest.
        for one in reversed(ledger.parse(self.releases.ledger())):
            if one.image_id == id and references.digest(one.image):
                return one.image
        raise Problem(f"{id}: {PULLED}")

    def hand_out(self, image: str) -> None:
        """Have an image on all nodes that may run a release of it; raises Problem with who cannot pull it."""
        with self.checkout.steps.step("nodes", "have the image"):
            self.releases.hand_out(image)

    def before(self) -> EnginePredecessor | None:
        """Return what runs of it with Compose on the engine that is asked, None for nothing."""
        found = EnginePredecessor(self._of_compose(), self.parts, self.definitions, partial(self.stop, False))
        return found if found.runs() else None

    def _of_compose(self) -> EngineDeployment:
        return EngineDeployment(self.checkout, self.environment)

    def need(self) -> None:
        """Raise Problem where nothing was ever deployed."""
        source.need(self)

    def check(self, port: int) -> None:
        """Have Compose read its files, and look whether a Swarm can have what they say; raises Problem."""
        nodes.here(self.api)
        config, maker = self.definitions.config(port), self.releases.maker
        refuse(config, [*OWN, *(name for name, of in config["services"].items() if keeps(of))])
        maker.check()
        self.parts.check_names(maker.definition.config, config)
        self.parts.check_networks(reach.networks(maker.definition.config) | reach.networks(config))
        companions = {name: of for name, of in config["services"].items() if name not in OWN}
        for line in (*differences(maker.definition.config), *differences({**config, "services": companions})):
            self.checkout.steps.note("on a Swarm", line)
        if self.settings.own_database:
            self.home.node()

    def run(self, job: Job) -> Ran:
        """Run a job as a task of its own."""
        return self.jobs.run(job)

    def become(self, job: Job) -> NoReturn:
        """Run a job, show what it prints, and end with its status; raises Problem for one that wants a terminal."""
        self.jobs.become(job)

    def launch(self, argv: Sequence[str], tag: str, detached: bool) -> str:
        """Run a command as the live release does, or as one of this tag would."""
        return oneoffs.launch(self.checkout, self, self.releases, argv, tag, detached)

    def use_programs(self, major: int) -> str:
        """Say how to have PostgreSQL's programs of this major version: the database's own are used."""
        return (
            f"In compose.yaml, let the image of `db` be one of version {major}: of a database elsewhere, only its "
            "programs are used."
        )

    def stop(self, volumes: bool) -> None:
        """Remove the services and networks, what is remembered as well if told to; the data stays on its node."""
        stays = (names.LOCK, names.AWAY)
        with self.checkout.steps.step("down") as step:
            there = [one for one in self.parts.all().values() if one.labels.get(names.KIND) not in stays]
            for one in there:
                services.remove(self.api, one.id)
            for one in there:
                if not services.is_gone(self.api, one.id, END):
                    raise Problem(f"The tasks of {one.name} did not end in {END:.0f} s. What runs: docker node ps NODE")
            step.detail = f"{self.stack.name}: {'stopped' if there else 'nothing was running'}"
        if volumes:
            self.releases.let_in()
            marks = names.wanted({DEPLOYMENT: self.stack.name})
            for kind in (CONFIGS, SECRETS):
                for blob in objects.listed(self.api, kind, *marks):
                    objects.remove(self.api, kind, blob.id)
            self.checkout.steps.note("kept", "all volumes, also the database's, on their nodes: docker volume ls there")
        self.releases.is_ended = True

    def volumes(self) -> list[str]:
        """Name what `stop(volumes=True)` deletes: what the Swarm remembers. Volumes of nodes are not reached."""
        marks = names.wanted({DEPLOYMENT: self.stack.name})
        count = sum(len(objects.listed(self.api, kind, *marks)) for kind in (CONFIGS, SECRETS))
        return [f"the ledger, releases and secrets of {self.stack.name} (no volume of a node)"] if count else []

    def traces(self) -> list[str]:
        """Name what tells of a deployment, also on one engine; who takes the lock makes nothing of it."""
        found = self.volumes() if self.releases.records() or self.releases.ledger() else []
        return found or self._of_compose().traces()

    def kept(self) -> list[str]:
        """Name the volume of the backups; whether its node has it, no manager tells."""
        return [f"the volume {self.backups} of the node that has {names.DATA_NODE}"] if self.parts.all() else []

    def listing(self) -> list[tuple[str, ...]]:
        """Return the tasks as rows, the first their heads."""
        there, services = nodes.called(self.api), self.parts.all()
        called = {one.id: one.name for one in services.values()}
        rows = [("SERVICE", "NODE", "IS", "IMAGE", "")]
        for one in self.parts.tasks(services):
            if one.is_wanted or one.is_running:
                rows.append((called[one.service], there.get(one.node, "-"), one.state, one.image, one.said))
        return [tuple(row) for row in rows]

    def status(self) -> dict[str, State]:
        """Return the state of the live release, the database and the proxies."""
        live = self.releases.live()
        database = elsewhere(self.settings)
        if self.settings.own_database:
            database = State("ready" if self.parts.runs(DATABASE) else "stopped")
        found = {"service": state(live), "database": database}
        if live:
            found |= part_states(live)
        elif before := self.before():
            found["one-engine"] = before.state
        if self.checkout.project.has_web:
            there = self._nodes_of(PROXY)
            found["proxy"] = State("ready" if there else "stopped", {"nodes": there} if there else {})
            if live and live.running and (port := self.service.port()):
                more = {"nodes": self._nodes_of(WEB), "address": self.url(port)}
                found["service"] = State(found["service"].state, {**found["service"].details, **more})
        noted = maintenance.parse(self.releases.away.noted())
        told = {"maintenance": State("on", {"since": noted.since, "by": noted.by})} if noted else {}
        return found | self.companions.states() | told | self.releases.changed() | losses.lost(nodes.listed(self.api))

    def _nodes_of(self, service: str) -> str:
        # The nodes on which tasks of a service run, each as often as it has one.
        called = nodes.called(self.api)
        return " ".join(sorted(called.get(one.node, "?") for one in self.parts.tasks_of(service) if one.is_running))

    def url(self, port: int) -> str:
        """Return the address of the service: its domain, or this port of the first node that has a proxy."""
        every = () if self.settings.domain else nodes.listed(self.api)
        there = (one.address for one in every if one.has(names.PROXY_NODE) and one.is_at_work)
        return address(self.settings, port, next(there, "localhost"))

    def _held(self) -> Lock | None:
        return self.releases.held

    def _holds(self) -> bool:
        return self.releases.holds()

    def _pointer(self) -> Pointer:
        return self.releases.pointer()

    def _networks(self) -> dict[str, Any]:
        # Read anew: the lock wants some before there are settings, and what was read without them is not to stay.
        return reach.networks(Definition(self.stack).config) | reach.networks(Definitions(self.stack).config(0))

    def _variables(self) -> dict[str, str]:
        return variables(self.settings, self.stack.name, self.used or self._live_image())

    def _live_image(self) -> str:
        found = self.releases.records().get(self.releases.current())
        return found.image if found else ANY

    @cache  # noqa: B019  # as long as the verb
    def _uid(self, image: str, user: str) -> str:
        return images.user_number(self.checkout.shell, image, user)
