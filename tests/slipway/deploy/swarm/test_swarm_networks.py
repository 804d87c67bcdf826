"""Networks of the Compose files on a Swarm: made as they are defined, or refused."""

import contextlib
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import names
from slipway.deploy.swarm.parts import Parts
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api

OTHERS = {"shared": {"name": "corporate", "external": True}}


def parts(memory: MemoryApi, **declared: dict[str, Any]) -> Parts:
    return Parts(api(memory), "shop-prod", lambda: None, lambda: declared)


def check(memory: MemoryApi, **declared: dict[str, Any]) -> None:
    parts(memory).check_networks(declared)


def test_a_network_is_made_as_the_compose_files_define_it() -> None:
    memory = MemoryApi()
    closed = parts(memory, default={}, backend={"internal": True, "driver_opts": {"encrypted": ""}})
    assert closed.have_networks("default", "backend", "control") == [
        "shop-prod_overlay_default", "shop-prod_overlay_backend", "shop-prod_overlay_control",
    ]  # fmt: skip
    there = [api(memory).get(f"/networks/shop-prod_overlay_{key}")["Spec"] for key in ("default", "backend")]
    assert [(one["Internal"], one["Options"]) for one in there] == [(False, {}), (True, {"encrypted": ""})]
    assert there[0]["Labels"] == names.marks("shop-prod")


def test_what_is_made_is_looked_up_in_no_compose_file_again() -> None:
    memory = MemoryApi()
    parts(memory, default={}).have_networks("default")
    ours = Parts(api(memory), "shop-prod", lambda: None, lambda: pytest.fail("the Compose files were read"))
    assert ours.have_networks("default") == ["shop-prod_overlay_default"]


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ({"internal": True}, "internal"),
        ({"attachable": True, "driver_opts": {"encrypted": ""}}, "attachable and driver_opts"),
    ],
)
def test_one_that_is_defined_otherwise_by_now_is_told(said: dict[str, Any], changed: str) -> None:
    memory = MemoryApi()
    parts(memory, backend={}).have_networks("backend")
    check(memory, backend={})
    with pytest.raises(Problem, match=f"shop-prod_overlay_backend was made with another value of {changed} than"):
        check(memory, backend=said)


def test_options_that_the_swarm_adds_are_no_change() -> None:
    memory = MemoryApi()
    parts(memory, backend={"driver_opts": {"encrypted": ""}}).have_networks("backend")
    found = api(memory).get("/networks/shop-prod_overlay_backend")
    found["Options"] = {**found["Options"], "com.docker.network.driver.overlay.vxlanid_list": "4097"}
    check(memory, backend={"driver_opts": {"encrypted": ""}})


def test_a_network_of_others_is_used_and_never_made() -> None:
    memory = MemoryApi()
    mine = parts(memory, **OTHERS)
    with pytest.raises(Problem, match="docker network create --driver overlay corporate"):
        check(memory, **OTHERS)
    with pytest.raises(Problem, match="docker network create --driver overlay corporate"):
        mine.have_networks("shared")
    api(memory).post("/networks/create", {"Name": "corporate", "Driver": "overlay", "Internal": True})
    check(memory, **OTHERS)
    assert mine.have_networks("shared") == ["corporate"]
    config = {"networks": OTHERS, "services": {"it": {"networks": {"shared": None, "default": None}}}}
    assert mine.networks_of(config, "it") == {"shared": "corporate", "default": "shop-prod_overlay_default"}


def test_that_of_a_single_engine_stays_beside() -> None:
    memory = MemoryApi()
    api(memory).post("/networks/create", {"Name": "shop-prod_default", "Scope": "local"})
    assert parts(memory, default={}).have_networks("default") == ["shop-prod_overlay_default"]


def test_one_that_an_earlier_version_has_made_stays() -> None:
    memory = MemoryApi()
    api(memory).post("/networks/create", {"Name": "shop-prod_default", "Scope": "swarm"})
    mine = parts(memory, default={}, database={})
    assert mine.have_networks("default", "database") == ["shop-prod_default", "shop-prod_overlay_database"]
    assert mine.networks_of({"services": {"it": {}}}, "it") == {"default": "shop-prod_default"}


def test_the_deployments_own_are_removed_and_no_others() -> None:
    memory = MemoryApi()
    parts(memory, default={}).have_networks("default", "database")
    api(memory).post("/networks/create", {"Name": "corporate", "Driver": "overlay", "Scope": "swarm"})
    parts(memory).remove_networks()
    assert memory.named("networks") == ["corporate"]


@pytest.mark.parametrize(
    ("length", "service", "longest"), [(46, "web", ""), (47, "web", "overlay_database"), (46, "w" * 17, "w" * 17)]
)
def test_names_that_are_too_long_for_a_swarm_are_told(length: int, service: str, longest: str) -> None:
    long = "a" * length
    ours = Parts(api(MemoryApi()), long, lambda: None, dict)
    with pytest.raises(Problem) if longest else contextlib.nullcontext() as refused:
        ours.check_names({"services": {service: {}}})
    assert not refused or f"{long}_{longest} has 64 characters" in str(refused.value)


def test_networks_that_an_earlier_version_has_made_keep_their_shorter_names() -> None:
    memory, long = MemoryApi(), "a" * 47
    for network in names.OWN_NETWORKS:
        api(memory).post("/networks/create", {"Name": names.of_network_before(long, network)})
    Parts(api(memory), long, lambda: None, dict).check_names()
