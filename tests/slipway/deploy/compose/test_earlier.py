"""A proxy that ran is put back when another cannot be started."""

import json
from collections.abc import Callable

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compose.earlier import Earlier, kept, tagged
from slipway.deploy.compose.files import CADDYFILE, Files
from slipway.engine.containers import CONFIG_HASH, Container
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.engine.support import Answers
from tests.support import ROOT

Make = Callable[..., tuple[Earlier, Answers, dict[str, str]]]
LABELS = {"com.docker.compose.service": "proxy", CONFIG_HASH: "h1"}
BEFORE = Container("p1", running=True, labels=LABELS)
DEFINITION = kept('{"name": "shop-prod", "services": {"proxy": {}}, "x-locked": {}}', BEFORE)


def inspected(container: str, running: bool = True, health: str = "healthy") -> str:
    """Return what `docker inspect` prints of a proxy."""
    state = {"Running": running, "Health": {"Status": health}}
    facts = {"Id": container, "State": state, "Config": {"Labels": LABELS}, "NetworkSettings": {"Networks": {}}}
    return json.dumps([facts])


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Give what makes one on an engine that answers so; and the files that were written."""

    def made(
        *answers: str, container: Container | None = BEFORE, definition: str = DEFINITION
    ) -> tuple[Earlier, Answers, dict[str, str]]:
        monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
        shell = Answers(*answers, said="no such sysctl")
        stack, written = Stack(shell, load(ROOT), "prod", dict), dict[str, str]()
        files = Files(stack, str)
        monkeypatch.setattr(files, "write", written.__setitem__)
        return Earlier(stack, files, container, definition, "before"), shell, written

    return made


def test_what_is_kept_is_what_defines_it() -> None:
    assert json.loads(DEFINITION) == {"name": "shop-prod", "services": {"proxy": {}}, "x-hash": "h1"}


def test_one_that_is_gone_is_made_again_of_its_definition_with_its_caddyfile(make: Make) -> None:
    earlier, shell, written = make("p2", inspected("p2", running=False), "up", "p3", inspected("p3"), inspected("p3"))
    assert earlier.put_back() == "The proxy is as it was before."
    assert [command[:2] for command in shell.asked].count(["docker", "compose"]) == 1
    assert shell.asked[2][-8:] == ["--file", "-", "up", "--detach", "--no-deps", "--timeout", "2", "proxy"]
    assert written == {CADDYFILE: "before"}


@pytest.mark.parametrize("noted", [True, False])
def test_its_tag_means_again_what_it_did_when_it_was_good(make: Make, noted: bool) -> None:
    good = Container("p1", running=True, labels=LABELS, image="caddy:2", image_id="sha256:1")
    definition = kept('{"name": "shop-prod"}', good if noted else BEFORE)  # as versions before have kept it
    assert ("x-image" in json.loads(definition)) is noted
    there = ("p2", inspected("p2", running=False))
    earlier, shell, _ = make(
        *there, "sha256:2", "tagged", "up", "p3", inspected("p3"), inspected("p3"),
        container=good, definition=definition,
    )  # fmt: skip
    assert earlier.put_back() == "The proxy is as it was before."
    assert shell.asked[3] == ["docker", "tag", "sha256:1", "caddy:2"]


def test_an_image_named_by_its_digest_needs_no_tag() -> None:
    assert tagged(Container("p1", image="caddy:2@sha256:aa", image_id="sha256:1")) == {}
    assert tagged(None) == {}


@pytest.mark.parametrize("container", [None, Container("p1", running=False, labels=LABELS)])
def test_where_none_ran_there_is_none_to_put_back(make: Make, container: Container | None) -> None:
    earlier, shell, written = make(container=container)
    assert earlier.put_back() == ""
    assert (shell.asked, written) == ([], {})


def test_one_that_nothing_has_touched_stays_and_keeps_its_caddyfile(make: Make) -> None:
    earlier, shell, written = make("p1", inspected("p1"))
    assert earlier.put_back() == ""
    assert written == {CADDYFILE: "before"}
    assert not [command for command in shell.asked if "up" in command]


@pytest.mark.parametrize("definition", ["", kept("{}", None)])  # the second: of a proxy before this one, which is ready
def test_one_whose_definition_was_not_kept_is_not_put_back(make: Make, definition: str) -> None:
    earlier, shell, _ = make("p2", inspected("p2", running=False), definition=definition)
    assert earlier.put_back() == "The proxy that ran before cannot be put back: no definition of it was kept."
    assert not [command for command in shell.asked if "up" in command]


def test_one_that_never_was_ready_gives_way_to_the_last_one_that_was(make: Make) -> None:
    broken = Container("p1", running=True, labels=LABELS, health="starting")
    engine = ("p2", inspected("p2", running=False), "up", "p3", inspected("p3"), inspected("p3"))
    earlier, _, _ = make(*engine, container=broken, definition=kept("{}", None))
    assert earlier.put_back() == "The proxy is as it was before."


def test_one_that_cannot_be_put_back_is_told(make: Make) -> None:
    earlier, _, _ = make("p2", inspected("p2", running=False), "")
    assert earlier.put_back() == "no such sysctl\nThe proxy that ran before could not be put back either."


def test_files_that_cannot_be_written_are_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str, text: str) -> None:
        raise Problem(f"{name} could not be written.")

    earlier, _, _ = make()
    monkeypatch.setattr(earlier.files, "write", full)
    assert earlier.put_back() == (
        "Caddyfile could not be written.\nThe proxy that ran before could not be put back either."
    )
