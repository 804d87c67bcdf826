"""What is looked at before a deployment begins: what becomes of the proxy, and whether there is room."""

from collections.abc import Iterator, Sequence

from slipway.core.errors import Problem
from slipway.core.words import human
from slipway.deploy import beside, maintenance, settings
from slipway.deploy.facts import Options
from slipway.project.checkout import Checkout
from slipway.project.settings import Settings
from slipway.runtime import Deployment
from slipway.runtime.release import PROXY, Beside, Remembered
from slipway.runtime.releases import Releases

ROOM = 1_000_000_000  # bytes that have to be free on the engine's disk


def proxy(
    checkout: Checkout, of: Settings, deployment: Deployment, port: int, options: Options, known: Remembered,
    images: Sequence[Beside],
) -> tuple[str, tuple[str, str]]:  # fmt: skip
    """Return what a deployment does to the proxy, and its configuration, now and then; raises Problem.

    Without web there is none, and nothing is said of how clients come to it.
    """
    if not checkout.project.has_web:
        return "", ("", "")
    one = deployment.releases.proxy
    settings.check(of, port, checkout.steps)
    anew = options.recreate_proxy and beside.moved(images, PROXY)
    change = one.change(port) or ("recreate" if anew else "")
    for each in _ports(of, port) if change else ():
        if each not in one.ports():
            deployment.service.check_port(each)
    wanted = maintenance.checked(one.wanted(), known.maintenance)
    if change or wanted != known.configuration:
        one.check(wanted, port)
    return change, (known.configuration, wanted)


def room(releases: Releases) -> int:
    """Return the free bytes where the data is, 0 when that cannot be told; raises Problem when they are too few."""
    free = releases.room()
    if free and free < ROOM:
        raise Problem(
            f"The engine has {human(free)} left on its disk; a deployment asks for {human(ROOM)}. "
            "What takes it: docker system df"
        )
    return free


def _ports(of: Settings, port: int) -> Iterator[int]:
    # Those of the engine's machine that production takes.
    yield port
    if of.domain:
        yield of.https_port
