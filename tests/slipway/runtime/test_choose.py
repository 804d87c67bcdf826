"""Which runtime is used: never one that would split the data silently."""

import itertools
from pathlib import Path

import pytest

from slipway import __version__
from slipway.core.errors import Problem
from slipway.engine.client import Engine
from slipway.runtime.choose import Memory, check_user, choose

READY, AWAY = Engine("ready", "Docker Engine 26"), Engine("no answer", "no Docker engine answers")
NONE, DENIED = Engine("no client", "Docker is not installed"), Engine("no permission", "the socket refuses permission")


@pytest.mark.parametrize(
    ("requested", "remembered", "engine", "chosen"),
    [
        ("", "", READY, "docker"),
        ("", "", NONE, "host"),
        ("", "", AWAY, "host"),
        ("", "host", READY, "host"),
        ("", "host", DENIED, "host"),
        ("", "docker", READY, "docker"),
        ("host", "", DENIED, "host"),
        ("host", "docker", AWAY, "host"),
        ("docker", "host", READY, "docker"),
    ],
)
def test_choice(requested: str, remembered: str, engine: Engine, chosen: str) -> None:
    name, reason = choose(requested, remembered, engine)

    assert name == chosen
    assert reason


@pytest.mark.parametrize(
    ("requested", "remembered", "engine"),
    [("", "", DENIED), ("", "docker", AWAY), ("", "docker", NONE), ("docker", "", AWAY), ("docker", "host", NONE)],
)
def test_what_would_split_the_data_is_an_error_that_names_both_ways_on(
    requested: str, remembered: str, engine: Engine
) -> None:
    with pytest.raises(Problem) as raised:
        choose(requested, remembered, engine)

    assert "Either " in str(raised.value.message)
    assert "--runtime host" in str(raised.value.message)


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(Problem, match="docker or host"):
        choose("podman", "", READY)


def test_every_combination_ends_in_a_choice_or_a_problem() -> None:
    for requested, remembered, engine in itertools.product(
        ("", "docker", "host"), ("", "docker", "host"), (READY, AWAY, NONE, DENIED, Engine("no compose", "no plugin"))
    ):
        try:
            name, _ = choose(requested, remembered, engine)
        except Problem:
            continue
        if remembered and not requested:
            assert name == remembered


def test_production_without_docker_is_refused_to_root_with_what_to_do() -> None:
    with pytest.raises(Problem) as raised:
        check_user("host", True, 0)
    for way in ("useradd", "chown -R", "./inv up'", "--runtime docker"):
        assert way in str(raised.value.message)
    check_user("host", False, 0)  # development goes on
    check_user("docker", True, 0)
    check_user("host", True, 1000)


def test_what_a_newer_slipway_has_started_is_left_to_it(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "prod")
    memory.write("host")
    memory.format.write_text("2 9.9.0\n")
    with pytest.raises(Problem, match=r"prod is of format 2, made by Slipway 9\.9\.0, .*Nothing was changed"):
        memory.read()


def test_what_was_started_before_there_were_numbers_is_known(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "dev")
    assert memory.read() == ""
    memory.file.parent.mkdir()
    memory.file.write_text("host\n")
    assert memory.read() == "host"
    memory.write("host")
    assert memory.format.read_text() == f"1 {__version__}\n"
    memory.forget()
    assert not list((tmp_path / "dev").iterdir())
