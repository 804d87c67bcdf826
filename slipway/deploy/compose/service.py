"""The service of a deployment: the release that is live."""

from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import tokens
from slipway.deploy.compose import labels
from slipway.deploy.compose.releases import EngineReleases
from slipway.engine import attached, containers
from slipway.engine.stack import Stack
from slipway.project import labels as image_labels
from slipway.project.checkout import Checkout
from slipway.project.processes import leading
from slipway.runtime import LiveRelease
from slipway.runtime.jobs import no_tty, with_variables
from slipway.runtime.stacks import check_port, live_releases
from slipway.runtime.tree import TreeImage

EVERYWHERE = "0.0.0.0"  # noqa: S104


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
        """Return the port of the proxy when a release runs behind it, or None, as without web."""
        live = self.releases.live()
        if not self.checkout.project.has_web:
            return None
        configured = self.releases.settings.port_of(self.stack.environment)
        return (self.releases.proxy.port or configured) if live and live.running else None

    def is_current(self, port: int) -> bool:
        """Tell whether the live release is ready, and the proxy before its web."""
        live, proxy = self.releases.live(), self.stack.container(labels.PROXY)
        is_led = not self.checkout.project.has_web or (proxy and proxy.ready)
        return bool(live and live.ready and is_led)

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
        live, name = self.releases.live(), process or self._leading()
        if process and not (live and process in live.services):
            attached.show(self.checkout.shell, self.stack.containers, self.stack.name, process, lines, follow)
        if not live:
            raise Problem("There is no log: no release is live. ./inv deploy")
        if len(each := live.services.get(name, ())) == 1:
            self.checkout.shell.become(containers.logs_command(each[0].name, lines, follow), merged=True)
        show = self.releases.compose(live.id, "logs", "--follow" if follow else None, "--tail", str(lines), name)
        self.checkout.shell.become(show, env=self.releases.env(live.id, live.image), merged=True)

    def _leading(self) -> str:
        of = self.checkout.project
        return leading(of.has_web, list(of.processes))

    def shell(self) -> NoReturn:
        """Open a shell in a container of the live release."""
        live = self.releases.live()
        if not live or not live.running:
            raise Problem("No release is live: ./inv deploy")
        one = next(one for one in (live.web or live.containers) if one.running)
        options = tokens("--interactive", "--tty" if not no_tty() else None)
        sh = with_variables(self.checkout.project, ["sh"])
        self.checkout.shell.become(containers.exec_command(one.name, *sh, options=options))
