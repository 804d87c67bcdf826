"""How long calls of the Docker client may take."""

import pytest

from slipway.core import limits
from slipway.core.limits import ACT, ASK, MOVE, Limit
from slipway.engine import builder, containers, images, networks, registry, volumes
from slipway.engine.calls import JOB, REGISTRY, starting, stopping, words
from slipway.engine.compose import compose_command, defined_command
from slipway.engine.jobs import held_command
from slipway.project.config import load
from tests.support import ROOT

PROJECT = load(ROOT)


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        (containers.inspect_command("x"), ASK), (containers.list_command("label=x"), ASK),
        (images.inspect_command("x"), ASK), (images.list_command(form=""), ASK), (images.history_command("x"), ASK),
        (volumes.list_command(), ASK), (networks.list_command(), ASK), (builder.inspect_command(), ASK),
        (containers.logs_command("x", 5), ASK), (["docker", "context", "inspect"], ASK),
        (compose_command(PROJECT, "prod", "config", "--quiet"), ASK),
        (registry.inspect_command("x"), REGISTRY), (registry.raw_command("x"), REGISTRY),
        (containers.exec_command("x", "sh", options=["--interactive"]), ACT), (containers.start_command("x"), ACT),
        (containers.remove_command("x"), ACT), (volumes.create_command("x"), ACT), (volumes.remove_command("x"), ACT),
        (networks.create_command("x"), ACT), (networks.connect_command("n", "c", "a"), ACT),
        (images.tag_command("x", "y"), ACT),
        (containers.logs_command("x", 5, follow=True), JOB), (["docker", "wait", "x"], JOB),
        (compose_command(PROJECT, "test", "exec", "-T", "db", "psql"), JOB),
        # How much they have to move, or to wait for, nobody knows.
        (images.pull_command("x"), MOVE), (images.push_command("x"), MOVE), (images.save_command("x", "y"), MOVE),
        (images.load_command("x"), MOVE), (builder.build_command([], {}), MOVE), (builder.push_command("x", {}), MOVE),
        (["docker", "cp", "x:/files", "-"], MOVE), (held_command("x", "y", "z"), MOVE),
        (containers.stop_command("x"), MOVE),
        (compose_command(PROJECT, "prod", "up", "--detach"), MOVE), (defined_command("x", "up", "--detach"), MOVE),
        (["docker", "of-tomorrow"], MOVE), (["docker"], MOVE), (["oras", "attach"], MOVE),
    ],
    ids=lambda one: " ".join(one[:7]) if isinstance(one, list) else "",
)  # fmt: skip
def test_a_call_has_the_limit_of_its_kind(command: list[str], limit: Limit) -> None:
    assert limits.of(command) == limit


def test_what_the_client_is_told_comes_after_the_options_of_compose() -> None:
    assert words(["docker", "compose", "--ansi", "never", "--project-name", "up", "--file", "x", "config"]) == (
        "compose config"
    )
    assert words(["docker", "volume", "ls", "--quiet"]) == "volume ls"
    assert words(["docker", "compose"]) == "compose"


def test_who_is_stopped_has_its_own_time_and_some_more() -> None:
    assert stopping(35, 60).seconds == 75
    assert stopping(None).seconds == 25
    assert stopping().seconds == 25
    assert [starting(count).seconds for count in (1, 3, 0)] == [15, 45, 15]


def test_what_is_late_names_the_next_command() -> None:
    assert limits.late(["docker", "inspect", "x"], 10).message == (
        "docker inspect did not answer in 10 s: is the engine well? docker version"
    )
