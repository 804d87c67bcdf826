"""A deployment that takes the place of what another runtime has of it: what is refused, in which order, and back."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger, plan, source
from slipway.deploy.facts import Options
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from slipway.runtime.release import NewRelease
from tests.slipway.deploy.in_memory import MemoryDatabase, MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases

Production = tuple[Checkout, Environment]
MOVE = Options(tag="shop:b", bake=0, move=True)


@dataclass
class MemoryPredecessor:
    """What another runtime has; what is done with it is added to `done`, and what is in `fails` fails."""

    done: list[str]
    title: str = "shop:a"
    fails: set[str] = field(default_factory=set)

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what in self.fails:
            raise Problem(f"{what} failed.")

    def check(self) -> None:
        """Note it."""
        self._do("checked")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Note it."""
        self._do("held")
        yield
        self.done.append("let go")

    def prepare(self, backup: bool) -> None:
        """Note it."""
        self._do(f"prepared{', backup' if backup else ''}")

    def make_room(self) -> None:
        """Note it."""
        self._do("made room")

    def give_ports(self) -> None:
        """Note it."""
        self._do("gave ports")

    def take_back(self) -> str:
        """Note it."""
        self.done.append("took back")
        return "On one engine again: shop:a is live."

    def finish(self) -> None:
        """Note it."""
        self._do("finished")


class NotedDatabase(MemoryDatabase):
    """One that notes its start."""

    note: Callable[[str], None]

    def start(self) -> None:
        """Note it."""
        self.note("database")
        super().start()


@dataclass
class Scene:
    """A deployment, with what another runtime has of it."""

    production: Production
    releases: MemoryReleases
    deployment: MemoryDeployment
    before: MemoryPredecessor

    def deploy(self, options: Options = MOVE) -> ledger.Entry:
        """Deploy."""
        deployer = Deployer(*self.production, self.deployment, 8000)
        return deployer.deploy(deployer.gather(options), options)


@pytest.fixture
def scene(production: Production, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Give one where nothing was deployed yet, and a is live with another runtime."""
    releases = MemoryReleases()
    releases.images.add("shop:b")
    before = MemoryPredecessor(releases.done)
    database = NotedDatabase(is_up=False)
    database.note = releases.done.append
    start = releases.start

    def started(new: NewRelease) -> None:
        start(new)
        releases.done[-1] = "release"

    monkeypatch.setattr(releases, "start", started)
    monkeypatch.setattr(releases.proxy, "start", lambda *_: releases.done.append("proxy"))
    monkeypatch.setattr(releases.proxy, "change", lambda _: "start")
    return Scene(production, releases, MemoryDeployment(releases, database=database, predecessor=before), before)


def test_both_are_refused_with_the_way_to_move(scene: Scene) -> None:
    with pytest.raises(Problem, match=r"runs on one engine still, shop:a\. .* ./inv deploy --move"):
        scene.deploy(Options(tag="shop:b"))
    assert scene.releases.done == []
    with pytest.raises(Problem, match=r"No release is live on the Swarm: it runs on one engine still, shop:a\."):
        source.need(scene.deployment)
    scene.deployment.predecessor = None
    with pytest.raises(Problem, match=r"No release is live\. To start one"):
        source.need(scene.deployment)
    with pytest.raises(Problem, match="--move: nothing of shop-prod runs on one engine"):
        scene.deploy()
    assert scene.releases.done == []


def test_all_that_can_be_is_done_before_it_makes_room_and_the_ports_come_last(scene: Scene) -> None:
    assert scene.deploy().outcome == "live"
    told = [one for one in scene.releases.done if not one.startswith(("tidied", "seal", "asked"))]
    assert told == [
        "checked", "held", "prepared, backup", "made room", "database", "release", "switch", "gave ports", "proxy",
        "finished", "let go",
    ]  # fmt: skip


def test_no_backup_is_made_where_none_is_wanted(scene: Scene) -> None:
    scene.deploy(Options(tag="shop:b", bake=0, move=True, no_backup=True))
    assert "prepared" in scene.releases.done


@pytest.mark.parametrize("fails", ["made room", "gave ports"])
def test_what_fails_gives_it_its_place_back(scene: Scene, fails: str) -> None:
    scene.before.fails = {fails}
    with pytest.raises(Problem) as failed:
        scene.deploy()
    said = str(failed.value.message)
    assert said.startswith(f"{fails} failed.\n")
    assert said.endswith("On one engine again: shop:a is live. Once it is mended: ./inv deploy --move --tag shop:b")
    assert "Nothing was live" not in said
    assert scene.releases.done[-1] == "took back"


def test_so_does_a_release_that_is_not_ready_or_a_proxy_that_does_not_answer(scene: Scene, monkeypatch: Any) -> None:
    scene.releases.becomes["shop:b"] = "unhealthy"
    with pytest.raises(Problem) as failed:
        scene.deploy()
    assert "On one engine again: shop:a is live." in str(failed.value.message)
    assert "gave ports" not in scene.releases.done
    scene.releases.becomes.clear()
    monkeypatch.setattr(scene.releases.proxy, "answered_by", lambda _: "")
    with pytest.raises(Problem) as failed:
        scene.deploy()
    assert scene.releases.done[-1] == "took back"
    assert "stays live" not in str(failed.value.message)


@pytest.mark.parametrize("fails", ["held", "prepared, backup"])
def test_what_fails_before_changes_nothing(scene: Scene, fails: str) -> None:
    scene.before.fails = {fails}
    with pytest.raises(Problem, match="failed"):
        scene.deploy()
    assert "made room" not in scene.releases.done
    assert "took back" not in scene.releases.done


def test_the_plan_says_what_pauses(scene: Scene) -> None:
    facts = Deployer(*scene.production, scene.deployment, 8000).look(MOVE)
    rows = dict(plan.rows(facts, MOVE))
    assert "clients get 503" in rows["move"]
    assert rows["steps"].startswith(
        "pull the images on all nodes, back up, send clients away, stop the old service, start the database"
    )
    assert "switch, start the proxy in the old one's place" in rows["steps"]
