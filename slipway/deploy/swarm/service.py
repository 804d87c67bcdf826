"""The service of a deployment on a Swarm: the release that is live."""

from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.ports import taken
from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm import names
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.proxy import SwarmProxy
from slipway.deploy.swarm.releases import SwarmReleases
from slipway.engine import references
from slipway.engine.swarm import nodes, services
from slipway.project import labels as image_labels
from slipway.project import tags
from slipway.project.checkout import Checkout
from slipway.project.processes import leading
from slipway.runtime import LiveRelease
from slipway.runtime.release import Release
from slipway.runtime.stacks import live_releases

TREE = (
    "The nodes of a Swarm pull images from a registry, by digest, and this tree's image is in none. Release it "
    "(./inv release), then: ./inv deploy --tag VERSION"
)


def refusal(live: Release | None) -> str:
    """Say why this tree cannot be deployed, and how that is done with what is live."""
    if not live:
        return TREE
    named = live.image.partition("@")[0]
    tag = references.tag(named) if tags.is_fixed(named) else live.labels.get(image_labels.VERSION, "")
    return f"{TREE}. Or the image that is live, with what changes beside it: ./inv deploy --tag {tag}" if tag else TREE


class SwarmService:
    """The service of a deployment on a Swarm; see `runtime.Service`."""

    def __init__(self, checkout: Checkout, parts: Parts, releases: SwarmReleases, proxy: SwarmProxy) -> None:
        self.checkout, self.parts, self.releases, self.proxy = checkout, parts, releases, proxy

    @property
    def release(self) -> str:
        """Refuse to deploy what no registry has; raises Problem."""
        raise Problem(refusal(self._live()))

    def _live(self) -> Release | None:
        live = self.releases.live()
        return live if live and live.running else None

    def running(self) -> str:
        """Return the image of the live release, or ""."""
        live = self._live()
        return live.image if live else ""

    def version(self) -> str:
        """Return the version that the live release's image was built as."""
        live = self._live()
        return live.labels.get(image_labels.VERSION, "") if live else ""

    def port(self) -> int | None:
        """Return the port of the proxies when a release runs behind them, or None, as without web."""
        if not self.checkout.project.has_web or not self._live():
            return None
        return self.proxy.port

    def is_current(self, port: int) -> bool:
        """Tell whether the live release is ready, and the proxies before its web."""
        live = self.releases.live()
        return bool(live and live.ready and (not self.checkout.project.has_web or self.proxy.exists()))

    def check_port(self, port: int) -> None:
        """Raise Problem when another service of the Swarm has the port on its nodes."""
        for one in services.listed(self.parts.api).values():
            listed = (one.spec.get("EndpointSpec") or {}).get("Ports") or ()
            mine = one.labels.get(names.NAMESPACE) == self.parts.deployment
            if not mine and any(each.get("PublishedPort") == port for each in listed):
                raise taken(port, f"the service {one.name} of this Swarm", "PORT", False)

    def live(self) -> list[LiveRelease]:
        """Return the releases that have tasks, as their images' labels say."""
        found = self.releases.all().values()
        return live_releases([one for release in found for one in release.containers if one.running])

    def prepare(self) -> None:
        """Build nothing: what is deployed comes from a registry."""

    def is_prepared(self) -> bool:
        """Tell that nothing is to be built."""
        return True

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the log of the live release's web, of one of its processes, or of what stands beside it."""
        of = self.checkout.project
        name = process or leading(of.has_web, list(of.processes))
        if not self.parts.find(name):
            there = ", ".join(sorted(one.removeprefix(f"{self.parts.deployment}_") for one in self.parts.all()))
            raise Problem(f"There is no {name} in {self.parts.deployment}{f'; there are {there}' if there else ''}.")
        show = services.logs_command(names.of_service(self.parts.deployment, name), lines, follow)
        self.checkout.shell.become(show, merged=True)

    def shell(self) -> NoReturn:
        """Open a shell in a task of the live release that is on this manager; raises Problem when none is."""
        here, first = (
            nodes.here(self.parts.api),
            leading(self.checkout.project.has_web, [*self.checkout.project.processes]),
        )
        running = [one for one in self.parts.tasks_of(first) if one.is_running and one.labels.get(RELEASE)]
        if not running:
            raise Problem("No release is live: ./inv deploy --tag VERSION")
        mine = next((one for one in running if one.node == here.id), None)
        if not mine:
            there = nodes.called(self.parts.api)
            raise Problem(
                f"{first} runs on {', '.join(sorted({there.get(one.node, one.node) for one in running}))}, and none of "
                "it on this manager, whose engine is asked alone. With the context of such a node: docker exec -it "
                f"{running[0].container[:12]} sh"
            )
        self.checkout.shell.become(services.shell_command(mine.container))
