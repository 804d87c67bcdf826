"""The database of a deployment on a Swarm: elsewhere, or one task that stays on the node with the data's label."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from slipway.deploy.swarm import names, render
from slipway.deploy.swarm.alone import alone
from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.home import Home
from slipway.deploy.swarm.made import changed
from slipway.deploy.swarm.mounts import memory
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.surroundings import Definitions
from slipway.deploy.swarm.wait import until_running
from slipway.engine import images
from slipway.engine.images import EngineImage
from slipway.engine.swarm import networks as overlays
from slipway.engine.swarm import nodes
from slipway.engine.swarm.specs import is_so
from slipway.project import database
from slipway.project.settings import Settings
from slipway.runtime.beside import LeftBehind
from slipway.runtime.jobs import DATABASE, DATABASE_USER
from slipway.runtime.release import Release

SOCKET = "/var/run/postgresql"  # where the superuser logs in, whose jobs are on the same node


def socket_mount(deployment: str) -> dict[str, Any]:
    """Return the mount by which jobs of the superuser reach the database's socket: a volume of its node's memory."""
    return memory(f"{deployment}_{names.SOCKET}", SOCKET)


def without_socket(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Compose prints, without the folder of the database's socket, which is mounted."""
    tmpfs = [one for one in config["services"][DATABASE].get("tmpfs") or () if one.partition(":")[0] != SOCKET]
    return changed(config, DATABASE, tmpfs=tmpfs)


class SwarmDatabase:
    """The database of a deployment; see `runtime.LastingDatabase`.

    `unopened` raises Problem when another one has its volume open on a node.
    """

    def __init__(
        self,
        parts: Parts,
        files: Files,
        definitions: Definitions,
        settings: Settings,
        uid: Callable[[str, str], str],
        home: Home,
        unopened: Callable[[nodes.Node], None],
    ) -> None:
        self.parts, self.files, self.definitions, self.settings, self.uid = parts, files, definitions, settings, uid
        self.home, self.unopened = home, unopened
        self.shell = definitions.stack.shell

    def running(self) -> bool:
        """Tell whether it runs; one elsewhere does."""
        return not self.settings.own_database or self.parts.runs(DATABASE)

    def start(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere, or runs already. Raises Problem."""
        if not self.settings.own_database:
            return
        with self.shell.steps.step("database", "PostgreSQL, healthy") as step:
            node = self.home.note()
            if self.running():
                step.detail += ", running"
                return
            self.parts.have_networks(names.DATABASE)
            if not self.parts.find(DATABASE):
                self.unopened(node)
                self.parts.put(self._spec())
            until_running(self.parts, DATABASE, self.definitions.stack.project.wait)
            step.detail += f" on {node.name}"

    def clients(self, releases: Iterable[Release]) -> list[str]:
        """Return the subnets of its network, where the deployment's own tasks are alone; raises Problem."""
        return overlays.subnets(self.parts.api, self.parts.network(names.DATABASE))

    def left_behind(self) -> LeftBehind | None:
        """Return the one that runs here, where the database is elsewhere; None for none."""
        if self.settings.own_database or not self.parts.runs(DATABASE):
            return None
        return LeftBehind(names.of_service(self.parts.deployment, DATABASE))

    def is_outdated(self, port: int) -> bool:
        """Tell whether it was made of another definition than today's."""
        found = self.parts.find(DATABASE) if self.settings.own_database else None
        if not found:
            return False
        now, container = self._spec(make=False), found.spec["TaskTemplate"]["ContainerSpec"]
        # The password is for new data alone: another one makes no other database.
        now["TaskTemplate"]["ContainerSpec"]["Secrets"] = container.get("Secrets")
        return not is_so(found.spec, now)

    def away(self) -> str:
        """Say that it doesn't run any more, and what to do; "" when it does, or is elsewhere."""
        if self.running():
            return ""
        name = names.of_service(self.parts.deployment, DATABASE)
        return f"The database does not run any more. Why: docker service ps --no-trunc {name}."

    def recreate(self) -> None:
        """Make it as it is defined now: it is away until it runs again. Raises Problem."""
        with self.shell.steps.step("database", "made anew"):
            self.home.note()
            self.parts.put(spec := self._spec())
            until_running(self.parts, DATABASE, self.definitions.stack.project.wait, spec)

    def _spec(self, make: bool = True) -> dict[str, Any]:
        config = without_socket(self.definitions.config(0))
        of = config["services"][DATABASE]
        given = {database.PASSWORD: self.settings.database.password}
        deployment = self.parts.deployment
        around = Around(
            deployment, names.marks(deployment, names.PART), networks=self.parts.networks_of(config, DATABASE),
            secrets=self.files.secrets(given, self.uid(of["image"], str(of.get("user") or DATABASE_USER)), make),
            constraints=self.home.constraints(), stop_first=True, monitor=1,
        )  # fmt: skip
        spec = render.service(DATABASE, config, around)
        task = spec["TaskTemplate"]
        task["ContainerSpec"] = alone(task["ContainerSpec"], self._image(of["image"]))
        task["ContainerSpec"].setdefault("Mounts", []).append(socket_mount(deployment))
        return spec

    def _image(self, reference: str) -> EngineImage:
        if not (found := images.inspect(self.shell, reference)):
            images.Images(self.shell).pull(reference)
        return found or images.existing(self.shell, reference)
