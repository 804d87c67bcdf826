"""What there is of releases on a Swarm, and whether clients are sent away; see `runtime.releases.Releases`."""

from collections.abc import Callable, Mapping, Sequence

from slipway.core.steps import Steps
from slipway.deploy.swarm import records
from slipway.deploy.swarm.away import Away
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.pointer import SwarmPointer
from slipway.deploy.swarm.scaling import USUAL
from slipway.deploy.swarm.store import Store
from slipway.project.config import Project
from slipway.runtime import State
from slipway.runtime.release import Release
from slipway.runtime.releases import Proxy


class SwarmSeen(SwarmPointer):
    """The releases of a deployment as they are; `image` is one that has a shell, where there is no proxy's."""

    def __init__(
        self, parts: Parts, store: Store, project: Project, steps: Steps, proxy: Proxy, image: Callable[[], str]
    ) -> None:
        super().__init__(parts, store, project, steps)
        self.proxy: Proxy = proxy
        self.away = Away(parts, steps, image)

    def all(self) -> dict[str, Release]:
        """Return those that are kept, by id, the oldest first."""
        there = self.parts.all()
        tasks = self.parts.tasks(there)
        return {
            id: records.release(one, self.deployment, there, tasks, self.has_web)
            for id, one in self.records(there).items()
        }  # fmt: skip

    def live(self) -> Release | None:
        """Return the one that clients are led to, or None."""
        return self.all().get(self.pointer().release)

    def again(self, release: str) -> Release | None:
        """Look again at one."""
        return self.all().get(release)

    def changed(self) -> dict[str, State]:
        """Return what is said of a live release that is not what was deployed any more; nothing where it is."""
        there = self.parts.all()
        record = self.records(there).get(self.current())
        if not record or any(one.is_working or USUAL in one.labels for one in there.values()):
            return {}  # or somebody is at it
        found = records.by_hand(record, there)
        return {"changed": State("by hand", {"what": ", ".join(found), "more": "./inv deploy"})} if found else {}

    # Whether clients are sent away

    def maintenance(self) -> tuple[str, str]:
        """Return what is noted while clients are sent away, else "", and the proxies' Caddyfile; raises Problem.

        Where there are no proxies, the Caddyfile is the one that they will have.
        """
        if not self.has_web:
            return "", ""
        return self.away.noted(), self.configuration() or self.proxy.wanted()

    def send_away(self, files: Mapping[str, str], allowed: Sequence[str]) -> None:
        """Send clients away with these files, but for allowed addresses, under whoever's lock; raises Problem."""
        self.away.send_away(files, allowed)

    def let_in(self) -> None:
        """Let clients in again, under whoever's lock; raises Problem."""
        self.away.let_in()

    def untold(self) -> list[str]:
        """Name the nodes where that is still to come to be; raises Problem."""
        return self.away.untold()
