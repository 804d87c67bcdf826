"""Clients of a Swarm are sent away at all of its proxies at once, also of a node that was down or is new."""

import contextlib
import json
from collections.abc import Iterator
from functools import partial

import httpx2
import pytest

from tests.e2e.load import under_load
from tests.e2e.production import PROD, after
from tests.e2e.registries import Registry
from tests.e2e.sent_away import MINE, ON, SAYING, all_but_me_get_the_page, asked
from tests.e2e.swarm import NODES, Swarm, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.minutes(5)]
RATE = 20
OFF = ("maintenance", "--prod", "--off")


@pytest.fixture
def swarm(docker: Checkout, plain: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Swarm]:
    """Give a cluster with a release, and a second one in the registry."""
    with on_swarm(docker, plain) as made:
        monkeypatch.setitem(docker.env, "TRUSTED_PROXIES", made.nodes.address("machine"))  # that may name a client
        made.push("r1")
        made.push_another("r2", like="r1")
        made.deploy("r1", "--scale", "2", "--bake", "0")
        yield made


def answers(base: str, status: int) -> bool:
    """Tell whether a proxy answers with a status by now."""
    with contextlib.suppress(httpx2.TransportError):
        return asked(base).status_code == status
    return False


def test_clients_are_sent_away_at_every_proxy_and_let_in_again(swarm: Swarm) -> None:
    base, proxies = swarm.base(), [swarm.base(node) for node in NODES[:2]]
    with under_load(base, token(base), RATE) as load:
        after(load, RATE)
        swarm.done(*ON, *SAYING)
        for each in proxies:
            all_but_me_get_the_page(each)
        swarm.deploy("r2", "--bake", "2")
        for each in proxies:
            assert asked(each).status_code == 503
            assert asked(each, X_Forwarded_For=MINE).status_code == 200
        assert json.loads(swarm.done("status", "--prod", "--json").stdout)["maintenance"]["state"] == "on"
        a_node_is_told_that_was_down_or_is_new(swarm)
        assert json.loads(swarm.done(*OFF, "--json").stdout) == {"on": False}
        wait_for(lambda: load.good[-1])
        sent_away = len(load.failed)
        after(load, 2 * RATE)
    assert len(load.failed) == sent_away
    assert [one for one in load.failed if not one.startswith('503: {"type": "about:blank"')][:5] == []
    names = swarm.nodes.docker("n1", "service", "ls", "--format", "{{.Name}}").split()
    assert sorted(names) == [f"{PROD}_{one}" for one in ("db", "proxy", "web")]


def a_node_is_told_that_was_down_or_is_new(swarm: Swarm) -> None:
    """Let clients in while a node is down, and send them away again; let another one have a proxy."""
    for verb, status in ((OFF, 200), (ON, 503)):
        swarm.nodes.cut("n2")
        swarm.nodes.kill("n2")
        wait_for(lambda: swarm.nodes.seen("n2") == "down")
        told = swarm.done(*verb)
        assert "n2 (down): told by the Swarm when it has a proxy again" in told.stderr
        swarm.nodes.mend("n2")
        swarm.nodes.start("n2")
        wait_for(partial(answers, swarm.base("n2"), status))
    swarm.nodes.label("n3", "slipway.proxy")
    wait_for(partial(answers, swarm.base("n3"), 503))
