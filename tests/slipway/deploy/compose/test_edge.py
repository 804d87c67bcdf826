"""The proxy's network with IPv6: who gets it, who keeps it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.deploy.compose.edge import Edge
from slipway.engine import ipv6
from slipway.engine.ipv6 import NONE, PASSES, ClientAddresses
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.engine.support import Answers
from tests.support import ROOT

Make = Callable[..., Edge]


def proxy(*networks: str) -> str:
    """Return what `docker inspect` prints of a proxy in these networks."""
    labels = {"com.docker.compose.service": "proxy"}
    of = {name: {"IPAddress": "172.18.0.2"} for name in networks}
    facts = {"Id": "p", "State": {"Running": True}, "Config": {"Labels": labels}, "NetworkSettings": {"Networks": of}}
    return json.dumps([facts])


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Give what makes an edge on an engine that answers so; unless told what is found, a trial is a mistake."""

    def made(*answers: str, found: ClientAddresses | None = None) -> Edge:
        def trial(*_: object) -> ClientAddresses:
            assert found is not None
            return found

        monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
        monkeypatch.setattr(ipv6, "trial", trial)
        stack = Stack(Answers(*answers), load(ROOT), "prod", dict)
        stack._direct = ""  # no company's proxy
        return Edge(stack)

    return made


def test_a_proxy_that_has_the_network_keeps_it_without_another_trial(make: Make) -> None:
    has = make("p", proxy("shop-prod_default", "shop-prod_edge"))
    assert has.wanted()
    assert has.choose("caddy:2") == ""


def test_a_proxy_gets_the_network_where_clients_keep_their_addresses(make: Make) -> None:
    gets = make("p", proxy("shop-prod_default"), "read", found=PASSES)
    assert not gets.wanted()
    assert gets.choose("caddy:2") == ""
    assert gets.wanted()


@pytest.mark.parametrize("found", [NONE, ClientAddresses(why="Docker Desktop hides theirs")])
def test_a_proxy_gets_none_where_it_would_not_help(make: Make, found: ClientAddresses) -> None:
    without = make("p", proxy("shop-prod_default"), found=found)
    assert without.choose("caddy:2") == found.why
    assert not without.wanted()


def test_a_file_that_does_not_fit_a_project_s_own_is_left_out(make: Make) -> None:
    own = make("p", proxy(), "", found=PASSES)
    assert own.choose("caddy:2") == "compose.ipv6.yaml contradicts the other files of Compose"
    assert not own.wanted()


def test_a_project_without_the_file_wants_none(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    without = Edge(Stack(Answers(), load(tmp_path), "prod", dict))
    assert without.choose("caddy:2") == ""


def test_the_network_is_removed_by_its_labels(make: Make) -> None:
    shell = make("n1", "removed", "n2", "removed").shell
    stack = Stack(shell, load(ROOT), "prod", dict)
    Edge(stack).remove()
    assert isinstance(shell, Answers)
    listed, removed, trials, gone = shell.asked
    assert [word for word in listed if word.startswith("label=")] == [
        "label=com.docker.compose.project=shop-prod", "label=com.docker.compose.network=edge",
    ]  # fmt: skip
    assert removed == ["docker", "network", "rm", "n1"]
    assert trials[-1] == "label=dev.slipway.trial=shop-prod"  # of a verb that was killed
    assert gone == ["docker", "network", "rm", "n2"]
