"""What is kept of a Swarm's releases, once they have another secret: the same release, and one that is told by it."""

from pathlib import Path
from typing import Any

import pytest

from slipway.core.steps import Steps
from slipway.deploy.swarm.around import File
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.pointer import SwarmPointer
from slipway.deploy.swarm.records import Record, by_hand, otherwise, renewed
from slipway.deploy.swarm.store import Store
from slipway.engine.swarm import services
from slipway.project.config import load
from tests.slipway.deploy.in_memory import PYPROJECT
from tests.slipway.deploy.mortal import KilledError
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, kill, record, revive


def secret(name: str, value: str = "old", uid: str = "65532") -> dict[str, Any]:
    """Return what a service says of a secret."""
    target = {"Name": name, "UID": uid, "GID": uid, "Mode": 0o400}
    return {"SecretID": f"{name}-{value}", "SecretName": f"shop.{name}.{value}", "File": target}


def new(name: str, uid: str) -> File:
    return File(f"{name}-new", f"shop.{name}.new", name, uid=uid)


def secrets(of: Record, service: str = "web") -> list[str]:
    return [one["SecretID"] for one in of.specs[service]["TaskTemplate"]["ContainerSpec"].get("Secrets", [])]


def test_only_what_has_such_a_secret_gets_another_one() -> None:
    before = record("a", Secrets=[secret("KEY"), secret("KEY_NEXT"), secret("PASSWORD")])
    now = renewed(before, {"KEY": "2", "KEY_NEXT": "", "KEY_PREVIOUS": ""}, new)
    assert secrets(now) == ["KEY-new", "PASSWORD-old"]
    assert secrets(now, "worker") == []
    assert secrets(before) == ["KEY-old", "KEY_NEXT-old", "PASSWORD-old"]
    assert renewed(now, {"OTHER": "1"}, new) == now
    (file, _) = now.specs["web"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert file["File"] == secret("KEY")["File"]  # for whom it was


def releases(memory: MemoryApi, root: Path) -> SwarmPointer:
    (root / "pyproject.toml").write_text(PYPROJECT)
    store = Store(api(memory), "shop-prod", lambda: True)
    return SwarmPointer(Parts(api(memory), "shop-prod", store.check), store, load(root), Steps())


def kept(memory: MemoryApi, root: Path) -> SwarmPointer:
    """Keep three releases."""
    found = releases(memory, root)
    for name in ("a", "b", "c"):
        found.store.set("release", name, record(name, Secrets=[secret("KEY")]).data)
    return found


def test_one_stays_where_it_was_among_the_others_and_goes_as_a_whole(tmp_path: Path) -> None:
    memory = MemoryApi()
    found = kept(memory, tmp_path)
    before = found.records()
    found.replace(renewed(before["a"], {"KEY": "2"}, new))
    now = found.records()
    assert list(now) == ["a", "b", "c"]
    assert [secrets(one) for one in now.values()] == [["KEY-new"], ["KEY-old"], ["KEY-old"]]
    assert now["a"].created == before["a"].created
    found.replace(renewed(now["a"], {"KEY": ""}, new))
    assert secrets(found.record_of("a")) == []
    assert len(memory.named("configs")) == 3


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_whenever_it_is_killed_one_of_each_release_is_kept(tmp_path: Path, late: bool) -> None:
    for at in range(6):
        memory, killed = MemoryApi(), False
        found = kept(memory, tmp_path)
        kill(memory, at, late)
        try:
            found.replace(renewed(found.record_of("b"), {"KEY": "2"}, new))
        except KilledError:
            killed = True
        revive(memory)
        assert list(found.records()) == ["a", "b", "c"]
        found.replace(renewed(found.record_of("b"), {"KEY": "2"}, new))
        assert [secrets(one) for one in found.records().values()] == [["KEY-old"], ["KEY-new"], ["KEY-old"]]
        assert len(memory.named("configs")) == 3
        if not killed:
            return
    raise AssertionError("it never came to its end")


def test_a_secret_is_made_for_who_had_the_one_before(tmp_path: Path) -> None:
    memory = MemoryApi()
    files = Files(api(memory), "shop-prod", lambda: "salt")
    before = record("a", Secrets=[secret("KEY", uid="1000")])
    now = renewed(before, {"KEY": "2"}, lambda name, uid: files.secrets({name: "2"}, uid)[0])
    (made,) = memory.there["secrets"].values()
    assert made["Name"].startswith("shop-prod.secret.KEY.")
    assert secrets(now) == [made["ID"]]


def test_secrets_that_were_renewed_are_nobodys_change_by_hand() -> None:
    memory = MemoryApi()
    before = record("a", Secrets=[secret("KEY")])
    for spec in before.specs.values():
        services.put(api(memory), spec)
    there = services.listed(api(memory))
    assert (otherwise(before, there), by_hand(before, there)) == ([], [])
    now = renewed(before, {"KEY": "2"}, new)
    assert (otherwise(now, there), by_hand(now, there)) == (["web"], [])
    web = there["shop-prod_web"]
    services.update(api(memory), web, {**web.spec, "Mode": {"Replicated": {"Replicas": 7}}})
    assert by_hand(now, services.listed(api(memory))) == ["web"]
    assert by_hand(now, {}) == ["web", "worker"]
