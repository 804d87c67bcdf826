"""What compose.release.yaml would make of a release on a Swarm; see `runtime.releases.Releases`."""

from collections.abc import Callable

from slipway.deploy.compose.groups import defined
from slipway.deploy.swarm import records
from slipway.deploy.swarm.made import Maker
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.seen import SwarmSeen
from slipway.deploy.swarm.store import Store
from slipway.engine import processes, variables
from slipway.engine.swarm.specs import marked
from slipway.project import values
from slipway.project.settings import Settings
from slipway.runtime.release import Release
from slipway.runtime.releases import Proxy


class SwarmDefined(SwarmSeen):
    """The definition of the releases of a deployment."""

    def __init__(
        self, parts: Parts, store: Store, maker: Maker, settings: Settings, proxy: Proxy, image: Callable[[], str]
    ) -> None:
        super().__init__(parts, store, maker.stack.project, maker.stack.shell.steps, proxy, image)
        self.maker, self.settings = maker, settings

    def variables(self) -> dict[str, str]:
        """Return the variables that a release would be started with, its secrets included; raises Problem."""
        found = self.maker.definition.variables() | self.settings.secrets
        variables.check(values.given(self.project), found, self.project)
        return found

    def definition(self) -> str:
        """Return what compose.release.yaml makes of a release but for its variables, image and name; raises Problem."""
        return defined(self.maker.definition.services)

    def services(self) -> list[str]:
        """Name the services of compose.release.yaml."""
        return list(self.maker.definition.services)

    def volumes(self, image: str) -> tuple[str, ...]:
        """Return none: on a Swarm, releases share no folder of a node. Raises Problem for what no release can be."""
        self.maker.check()
        return ()

    def is_defined_so(self, release: Release) -> bool:
        """Tell whether compose.release.yaml, with the settings of today, would make a release as it is.

        One whose services somebody has changed by hand is not.
        """
        there = self.parts.all()
        record = self.records(there).get(release.id)
        if not record or records.otherwise(record, there):
            return False
        counts = {name: records.replicas(spec) for name, spec in record.specs.items()}
        now = self.maker.specs(release.id, record.image, counts, make=False)
        return {name: marked(records.watched(one, record.bake)) for name, one in now.items()} == {
            name: marked(one) for name, one in record.specs.items()
        }

    def processes(self) -> dict[str, int]:
        """Return those that a release would have, each with how many by what defines it; raises Problem."""
        return processes.replicas(self.project, self.maker.definition.services)

    def singles(self) -> list[str]:
        """Return those of which never two are at work."""
        return [name for name, one in self.project.processes.items() if one.single]
