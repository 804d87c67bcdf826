"""The proxy's image: which one is used, which one is wanted."""

import json

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compose.edge import Edge
from slipway.deploy.compose.files import Files
from slipway.deploy.compose.proxy import CaddyProxy
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.engine.support import Answers
from tests.support import ROOT

LABELS = {"com.docker.compose.service": "proxy"}
FACTS = {"Id": "p", "Image": "sha256:1", "State": {"Running": True}, "Config": {"Image": "caddy:2", "Labels": LABELS}}
INSPECTED = json.dumps([FACTS | {"NetworkSettings": {"Networks": {}}}])
CONFIG = json.dumps({"services": {"proxy": {"environment": {"SITE": ":80"}}}})


def proxy(*answers: str, said: str = "") -> tuple[CaddyProxy, Answers]:
    """Return the proxy of an engine that answers so."""
    shell = Answers(*answers, said=said)
    stack = Stack(shell, load(ROOT), "prod", dict)
    stack._direct = ""  # no company's proxy
    return CaddyProxy(stack, Files(stack, str), Edge(stack)), shell


def test_scripts_have_the_image_of_its_container_whatever_the_compose_files_say() -> None:
    there, shell = proxy("p", INSPECTED)
    assert there.image == "sha256:1"
    assert not [command for command in shell.asked if command[1] == "compose"]


def test_without_a_container_they_have_the_one_of_the_compose_files() -> None:
    assert proxy(" ", "caddy:2")[0].image == "caddy:2"
    with pytest.raises(Problem) as raised:
        _ = proxy(" ", "", said="yaml: line 26")[0].image
    assert raised.value.message == "yaml: line 26\nCompose cannot read its files (see above)."


def test_an_image_that_is_wanted_and_cannot_be_had_is_told() -> None:
    there, shell = proxy("p", INSPECTED, CONFIG, "caddy:nosuch", "", "", said="No such image, and no such host")
    with pytest.raises(Problem) as raised:
        there.check("", 80)
    assert raised.value.message == (
        "No such image, and no such host\n"
        "The proxy's image caddy:nosuch, as the Compose files name it, cannot be pulled (see above)."
    )
    assert shell.asked[-1] == ["docker", "pull", "--quiet", "caddy:nosuch"]


def test_what_it_reads_is_checked_by_the_image_that_is_wanted() -> None:
    image = json.dumps([{"Id": "sha256:2", "Config": {}}])
    there, shell = proxy("p", INSPECTED, CONFIG, "caddy:3", image, "{}")
    there.check("", 80)
    assert "caddy:3" in shell.asked[-1]
