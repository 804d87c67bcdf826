"""What somebody does to a production on a Swarm by hand: it is told, and the next deployment puts it right."""

from collections.abc import Iterator

import pytest

from tests.e2e.load import under_load
from tests.e2e.production import PROD, after
from tests.e2e.registries import Registry
from tests.e2e.swarm import Swarm, live, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout

pytestmark = [pytest.mark.full, pytest.mark.minutes(4)]
RATE = 10
RELEASES = ("config", "ls", "--quiet", "--filter", "label=dev.slipway.kind=release")


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes, with a release of three tasks, and images of another one and of a bad one."""
    with on_swarm(docker, plain) as made:
        made.push("r1")
        made.push_another("r2", like="r1")
        made.push_another("bad", "r1", 'CMD ["python", "-c", "import nowhere"]')
        made.deploy("r1", "--scale", "3", "--bake", "0")
        yield made


def test_what_was_changed_or_removed_by_hand_is_told_and_put_right(swarm: Swarm) -> None:
    with under_load(swarm.base(), token(swarm.base()), RATE) as load:
        what_is_kept_is_removed(swarm)
        another_image_is_given(swarm)
        after(load, RATE)
    assert load.failed == []
    swarm.all_is_stored(load)
    swarm.nodes.docker("n1", "service", "rm", f"{PROD}_web")
    assert swarm.deploy("r2", "--bake", "0")["scale"] == 3
    assert len(swarm.tasks("web")) == 3


def what_is_kept_is_removed(swarm: Swarm) -> None:
    """Remove what no service uses: what is kept of releases, the ledger, all marks."""
    first = live(swarm)["release"]
    for kind in ("config", "secret"):
        for one in swarm.nodes.docker("n1", kind, "ls", "--quiet").split():
            swarm.nodes.tool("d", "n1", kind, "rm", one)  # those of services stay
    assert swarm.nodes.docker("n1", *RELEASES) == ""
    assert live(swarm)["release"] == first
    refused = swarm.inv("deploy", "--yes", "--tag", "bad")
    assert f"what was kept of {first}, which is live, was gone: noted anew, as it runs" in refused.stderr
    assert "is live, as before" in refused.stderr
    assert swarm.deploy("r2", "--bake", "1")["scale"] == 3
    swarm.done("rollback")
    assert live(swarm)["release"] == first


def another_image_is_given(swarm: Swarm) -> None:
    """Have web become another image, as the Swarm alone does it."""
    other = f"{swarm.registry.repository}:r2"
    swarm.nodes.docker("n1", "service", "update", "--quiet", "--image", other, f"{PROD}_web")
    assert "by hand" in swarm.done("status", "--prod").stdout
    assert "it is live already" not in swarm.done("deploy", "--yes", "--tag", "r1", "--bake", "1").stderr
    assert "by hand" not in swarm.done("status", "--prod").stdout
    assert "it is live already" in swarm.done("deploy", "--yes", "--tag", "r1").stderr
