"""Secrets and configs on a Swarm: named by what is in them, removed once nothing has them."""

from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm.content import Files, used
from slipway.engine.swarm import services
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec


def files(memory: MemoryApi, salt: str = "salt") -> Files:
    return Files(api(memory), "shop-prod", lambda: salt)


def test_a_secret_is_made_once_and_its_name_tells_nothing_of_it() -> None:
    memory = MemoryApi()
    first = files(memory).secrets({"KEY": "hunter2"}, "65532")
    assert files(memory).secrets({"KEY": "hunter2"}, "65532") == first
    (one,) = first
    assert (one.target, one.mode, one.uid, one.gid) == ("KEY", 0o400, "65532", "65532")
    assert memory.done == ["POST /secrets"]
    (other,) = files(memory, "pepper").secrets({"KEY": "hunter2"}, "65532")
    assert other.name != one.name  # whoever guesses the value needs the salt as well
    assert files(memory).secrets({"KEY": "hunter3"}, "65532")[0].name not in (one.name, other.name)


def test_what_is_only_looked_at_is_not_made() -> None:
    memory = MemoryApi()
    (one,) = files(memory).secrets({"KEY": "hunter2"}, "65532", make=False)
    assert (one.id, memory.done) == ("", [])


def test_what_the_compose_files_name_is_made_of_what_is_in_it() -> None:
    memory = MemoryApi()
    config = {
        "services": {"web": {"configs": [{"source": "motd", "target": "/etc/motd"}], "secrets": []}},
        "configs": {"motd": {"content": "costs 5 $$"}},
    }
    found = files(memory).wanted("web", config)
    assert [one.target for one in found["configs"]] == ["/etc/motd"]
    assert memory.named("configs") == [found["configs"][0].name]


def test_a_file_may_be_anything_but_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = files(MemoryApi())
    made.root = tmp_path
    (tmp_path / "key.der").write_bytes(b"\xff\x00")
    (tmp_path / "empty").touch()
    monkeypatch.setenv("GIVEN", "{{ }}\n$x'\"")
    config: dict[str, Any] = {
        "services": {"web": {"secrets": [{"source": "a"}]}},
        "secrets": {"a": {"file": "key.der"}},
    }
    first = made.wanted("web", config)["secrets"]
    config["secrets"]["a"] = {"environment": "GIVEN"}
    assert made.wanted("web", config)["secrets"] != first
    for said, why in (
        ({"file": "empty"}, "a of the Compose files is empty"),
        ({"file": "nothing"}, "a of the Compose files cannot be read"),
        ({"environment": "MISSING"}, "what the variable MISSING says: set it"),
    ):
        config["secrets"]["a"] = said
        with pytest.raises(Problem, match=why):
            made.wanted("web", config)


def test_what_nothing_has_any_more_is_removed() -> None:
    memory = MemoryApi()
    of = files(memory)
    kept, old, mounted = (of.secrets({"KEY": value}, "0")[0] for value in ("1", "2", "3"))
    services.put(api(memory), spec("web", Secrets=[{"SecretID": mounted.id, "SecretName": mounted.name}]))
    of.tidy({kept.name})
    assert memory.named("secrets") == [kept.name, mounted.name]
    assert old.name not in memory.named("secrets")


def test_what_somebody_has_removed_is_named() -> None:
    memory = MemoryApi()
    of = files(memory)
    there, gone = (of.secrets({"KEY": value}, "0")[0] for value in ("1", "2"))
    specs = {"web": {"Secrets": [{"SecretID": one.id, "SecretName": one.name} for one in (there, gone)]}}
    assert of.lacking(specs) == []
    api(memory).delete(f"/secrets/{gone.id}")
    assert of.lacking(specs) == [gone.name]
    of.secrets({"KEY": "2"}, "0")  # another one of its name is none that it has
    assert of.lacking(specs) == [gone.name]


def test_names_are_found_wherever_specs_have_them() -> None:
    config = {"Configs": [{"ConfigName": "a"}], "x": [{"Secrets": [{"SecretName": "b"}]}]}
    assert set(used([config])) == {"a", "b"}
