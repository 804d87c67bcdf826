"""Which release clients are led to on a Swarm: switched, gone back from, and by whom."""

from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy import ledger
from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm import names
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.pointer import SwarmPointer
from slipway.deploy.swarm.records import Record
from slipway.deploy.swarm.store import Store
from slipway.engine.swarm import services
from slipway.project.config import load
from slipway.runtime.release import Release
from tests.slipway.deploy.images_in_memory import MemoryImages
from tests.slipway.deploy.in_memory import PYPROJECT
from tests.slipway.deploy.support import entry
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, record


class Pointer(SwarmPointer):
    """One without a proxy."""

    images = MemoryImages()

    def configuration(self) -> str:
        """Return none."""
        return ""


@pytest.fixture
def memory() -> MemoryApi:
    return MemoryApi()


def pointer(memory: MemoryApi, root: Path, holds: bool = True) -> Pointer:
    (root / "pyproject.toml").write_text(PYPROJECT)
    store = Store(api(memory), "shop-prod", lambda: holds)
    return Pointer(Parts(api(memory), "shop-prod", store.check), store, load(root), Steps())


@pytest.fixture
def one(memory: MemoryApi, tmp_path: Path) -> Pointer:
    """A deployment whose release a is live, and b was begun."""
    found = pointer(memory, tmp_path)
    for release in "ab":
        found.store.set(names.RECORD, release, record(release, replicas=2).data)
    found.become(found.record_of("a"), "web", "worker")
    return found


def test_a_switch_makes_web_the_release_and_ends_its_trial(memory: MemoryApi, one: Pointer) -> None:
    one.try_out(one.record_of("b"))
    assert one.pointer().release == "a"
    one.switch("b", "a", entry("b").line())
    assert (one.pointer().release, one.pointer().by) == ("b", "")
    assert memory.named("services") == ["shop-prod_web", "shop-prod_worker"]
    assert one.remembered().previous == "a"
    assert [each.release for each in ledger.parse(one.ledger())] == ["b"]
    one.spread("b", lambda: None)


def test_web_becomes_the_release_once_the_tasks_of_its_trial_have_ended(
    memory: MemoryApi, one: Pointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new leader would give away the address of a task whose service was removed, while it still runs."""
    monkeypatch.setattr(services, "POLL", 0)
    one.try_out(one.record_of("b"))
    service = memory.get("/services/shop-prod_trial")["ID"]
    (trial,) = (each for each in memory.tasks if each["ServiceID"] == service)
    get, looks = memory.get, iter(["running"] * 3)

    def slow(path: str, *args: Any, **query: Any) -> Any:
        if path != "/tasks" or service in memory.there["services"]:
            return get(path, *args, **query)
        trial["Status"]["State"] = next(looks, "shutdown")
        return [trial, *get(path, *args, **query)]

    def before(said: str) -> None:
        assert not said.endswith("/update") or trial["Status"]["State"] == "shutdown"

    memory.get = slow  # type: ignore[method-assign]
    memory.before = before
    one.switch("b", "a", entry("b").line())
    assert one.pointer().release == "b"


def test_whoever_asks_can_go_back_until_it_is_sealed(memory: MemoryApi, tmp_path: Path, one: Pointer) -> None:
    one.switch("b", "a", entry("b").line())
    another = pointer(memory, tmp_path, holds=False)
    assert another.back("ben@there", any_lock=True) == "a"
    assert (one.pointer().release, one.pointer().by) == ("a", "ben@there")
    assert not one.seal()
    assert another.back("eve@there", any_lock=True) == ""
    one.forget_rollback()
    assert one.pointer().by == ""


def test_after_the_seal_nobody_goes_back_by_a_renaming(memory: MemoryApi, tmp_path: Path, one: Pointer) -> None:
    one.switch("b", "a", entry("b").line())
    assert one.seal()
    assert pointer(memory, tmp_path, holds=False).back("ben@there", any_lock=True) == ""
    assert one.pointer().release == "b"


def test_going_back_is_the_swarms_own_rollback(memory: MemoryApi, one: Pointer) -> None:
    one.switch("b", "a", entry("b").line())
    before = memory.get("/services/shop-prod_web")["PreviousSpec"]
    assert one.back("") == "a"
    assert memory.get("/services/shop-prod_web")["Spec"] == before


def test_what_the_swarm_has_done_by_itself_is_told_and_not_done_again(memory: MemoryApi, one: Pointer) -> None:
    one.switch("b", "a", entry("b").line())
    memory.tasks[-1] |= {"DesiredState": "shutdown", "Status": {"State": "failed", "Err": "task: non-zero exit (7)"}}
    memory.roll_back("shop-prod_web")
    memory.tasks.append(memory.tasks[0] | {"Status": {"State": "failed", "Err": "task: non-zero exit (7)"}})
    found = one.pointer()
    assert (found.release, found.by) == ("a", "The Swarm (task: non-zero exit (7))")
    assert one.back("ben@there", any_lock=True) == ""
    with pytest.raises(Problem, match="The Swarm has gone back by itself: rollback completed"):
        one.spread("b", lambda: None)
    one.forget_rollback()
    assert one.pointer().by == ""  # of an earlier deployment: it is noted


def test_a_pointer_that_was_lost_is_set_again_and_only_with_the_lock(
    memory: MemoryApi, tmp_path: Path, one: Pointer
) -> None:
    one.point("b")
    assert one.pointer().release == "b"
    with pytest.raises(Problem, match="taken away"):
        pointer(memory, tmp_path, holds=False).point("a")
    assert one.pointer().release == "b"


def test_what_is_not_kept_cannot_be_gone_to(one: Pointer) -> None:
    with pytest.raises(Problem, match="Nothing is kept of c"):
        one.point("c")


def removed(one: Pointer, release: str) -> None:
    one.remove(Release(release, {}))


def test_processes_of_a_release_that_goes_are_the_live_ones_again(memory: MemoryApi, one: Pointer) -> None:
    one.become(one.record_of("b"), "worker")  # and then it failed
    one.try_out(one.record_of("b"))
    removed(one, "b")
    services = {each["Spec"]["Name"]: each["Spec"]["Labels"] for each in memory.there["services"].values()}
    assert {name: labels["dev.slipway.release"] for name, labels in services.items()} == {
        "shop-prod_web": "a", "shop-prod_worker": "a",
    }  # fmt: skip
    assert list(one.records()) == ["a"]


def test_processes_that_the_live_release_has_not_go(memory: MemoryApi, one: Pointer) -> None:
    only = record("c")
    bare = Record("c", only.image, only.image_id, {"web": only.specs["web"]})
    one.store.set(names.RECORD, "c", bare.data)
    one.switch("c", "a", entry("c").line())
    one.retire(Release("a", {}))
    assert memory.named("services") == ["shop-prod_web"]


def test_of_a_first_release_that_fails_no_process_is_left(memory: MemoryApi, tmp_path: Path) -> None:
    first = pointer(memory, tmp_path)
    first.store.set(names.RECORD, "a", record("a").data)
    first.try_out(first.record_of("a"))
    first.become(first.record_of("a"), "worker")
    removed(first, "a")
    assert memory.named("services") == []


def test_what_was_kept_of_the_live_release_and_is_gone_is_what_its_services_are(
    memory: MemoryApi, one: Pointer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = one.record_of("a")
    one.store.remove(*one._kept("a"))
    found = one.record_of("a")
    assert (found.image, {*found.specs}) == (before.image, {*before.specs})
    assert list(one.records()) == ["b", "a"]
    assert found.created.endswith("Z")
    assert not found.created.endswith("ZZ")
    assert [each.labels[RELEASE] for each in one.store.all(names.RECORD)] == ["b"]  # who only looks notes nothing
    one.keep_live()
    one.keep_live()
    assert capsys.readouterr().err.count("what was kept of a, which is live, was gone") == 1
    one.switch("b", "a", entry("b").line())
    assert one.back("me") == "a"
    assert one.pointer().release == "a"
