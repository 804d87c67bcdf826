"""The images beside the releases, looked up on an engine."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.deploy.compose.beside import BesideImages
from slipway.engine.containers import CONFIG_HASH, SERVICE, Container
from slipway.engine.stack import Stack
from slipway.project.config import load
from slipway.runtime.release import DATABASE, PROXY, Beside
from tests.slipway.engine.support import Answers
from tests.support import ROOT


def container(service: str, image: str, made_of: str = "now", running: bool = True) -> Container:
    """Make a service's container."""
    labels = {SERVICE: service, CONFIG_HASH: made_of}
    return Container(service, image=image, image_id=f"id-{service}", labels=labels, running=running)


def image(name: str, *pinned: str) -> dict[str, Any]:
    """Return what the engine says of an image."""
    return {"Id": name, "RepoDigests": list(pinned)}


def looks(shell: Answers, *containers: Container, image: str = "postgres:18") -> BesideImages:
    """Return what looks at an engine with these containers; the Compose files name this database."""
    stack = Stack(shell, load(ROOT), "prod", dict)
    stack._seen = list(containers)
    services = {"db": {"image": image}}
    proxy: Any = SimpleNamespace(
        hashes=lambda port: {"db": "now", "proxy": "now"}, services=lambda port: services
    )  # fmt: skip
    return BesideImages(stack, proxy)


FOUND = json.dumps([image("id-db", "mirror/db@sha256:m", "postgres@sha256:a"), image("id-proxy"),
                    image("id-2", "postgres@sha256:b"), image("id-proxy")])  # fmt: skip


def test_all_are_looked_up_in_one_call_and_once() -> None:
    shell = Answers(FOUND)
    looked = looks(shell, container("db", "postgres:17"), container("proxy", "caddy:2"), container("web", "shop:1"))
    wanted = (
        Beside(DATABASE, "postgres:17", ("sha256:a", "id-db"), ("sha256:b", "id-2")),
        Beside(PROXY, "caddy:2", ("id-proxy",), ("id-proxy",)),
    )
    assert looked.look(own_database=True) == looked.look(own_database=True, port=80) == wanted
    assert shell.asked == [["docker", "image", "inspect", "id-db", "id-proxy", "postgres:17", "caddy:2"]]
    assert [one.moved for one in wanted] == [True, False]


def test_what_is_defined_otherwise_is_looked_up_as_it_is_defined_now() -> None:
    shell = Answers("", json.dumps([image("id-db")]), "", said="No such image: x")
    (found,) = looks(shell, container("db", "postgres:17", made_of="before")).look(own_database=True, port=80)
    assert found == Beside(DATABASE, "postgres:17", ("id-db",), (), "postgres:18")  # which is not there yet
    assert not found.moved
    assert shell.asked[-1] == ["docker", "image", "inspect", "postgres:18"]


@pytest.mark.parametrize(
    "there", [(), (container("db", "postgres:17"),), (container("proxy", "caddy:2", running=False),)]
)
def test_what_is_elsewhere_or_stopped_is_left_out(there: tuple[Container, ...]) -> None:
    shell = Answers()
    assert looks(shell, *there).look(own_database=False) == ()
    assert shell.asked == []


def test_an_image_that_the_engine_does_not_tell_of_is_known_by_its_id() -> None:
    shell = Answers("", "", "", said="No such image: x")
    (found,) = looks(shell, container("db", "postgres:17")).look(own_database=True)
    assert found == Beside(DATABASE, "postgres:17", ("id-db",))
