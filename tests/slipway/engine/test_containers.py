"""What `docker inspect` says of a container, and what that means."""

import json
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.engine import containers
from slipway.engine.containers import Container, judged, wait_for
from slipway.engine.health import EARLY, GONE, READY, Verdict
from slipway.project.health import Answer
from tests.slipway.engine.support import Answers, container

FACTS: dict[str, Any] = {
    "Id": "abc", "Name": "/shop-web-1", "Image": "sha256:1", "RestartCount": 1, "Created": "2026-11-24T11:59:18Z",
    "Config": {"Image": "shop:1", "Labels": {"com.docker.compose.service": "web"}},
    "State": {
        "Running": True, "Status": "running", "ExitCode": 0, "OOMKilled": False,
        "Health": {"Status": "starting", "Log": [{"Output": "503\n"}]},
    },
    "NetworkSettings": {
        "Ports": {"8000/tcp": None, "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]},
        "Networks": {"shop_default": {"IPAddress": "172.18.0.2"}, "shop_edge": {"IPAddress": ""}},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (container(), READY),
        (container("healthy"), READY),
        (container("starting"), EARLY),
        (container("starting", outputs=("503",)), Verdict(so_far="its health path answers 503")),
        (container("starting", outputs=("[Errno 111] Connection refused",)), EARLY),
        (container("starting", outputs=("404", "timeout")), Verdict(so_far=str(Answer(404)))),
        (container("starting", outputs=("500", "")), Verdict(wrong="answers 500")),
        (
            container("unhealthy", outputs=("503",)),
            Verdict(wrong="is unhealthy: its health path answers 503", unhealthy=True),
        ),
        (container("starting", running=False), Verdict(wrong="ended with status 3")),
        (container("starting", restarts=2), Verdict(wrong="ended, and was started again")),
        (container("healthy", restarts=1), READY),
        (container("healthy", out_of_memory=True), Verdict(wrong="ran out of memory")),
    ],
)
def test_verdict(found: Container, verdict: Verdict) -> None:
    assert found.verdict(restarts=1) == verdict


def test_ready_and_its_verdict_agree_without_a_health_check() -> None:
    assert container().ready
    assert container("healthy").ready
    assert not container("starting").ready
    assert not container(running=False).ready


def test_all_have_to_be_ready_and_one_is_enough_to_fail() -> None:
    ready, starting, gone = container("healthy"), container("starting"), container("starting", running=False)
    assert judged([ready, ready]) == READY
    assert judged([ready, starting]) == EARLY
    assert judged([starting, gone, ready]) == Verdict(wrong="ended with status 3")
    assert judged([container("unhealthy"), gone]) == Verdict(wrong="ended with status 3")  # the other may recover
    assert judged([]) == GONE


def test_a_container_is_read_as_the_engine_describes_it() -> None:
    one = Container.of(FACTS)
    assert (one.name, one.image, one.image_id, one.service, one.is_one_off) == (
        "shop-web-1", "shop:1", "sha256:1", "web", False,
    )  # fmt: skip
    assert (one.running, one.phase, one.health, one.checks, one.restarts) == (
        True, "running", "starting", ("503",), 1,
    )  # fmt: skip
    assert (one.published(), one.published("80/tcp"), one.published("8000/tcp")) == (8080, 8080, None)
    assert (one.networks, one.addresses) == (("shop_default", "shop_edge"), ("172.18.0.2",))


def test_a_container_that_was_only_created_is_read_as_well() -> None:
    bare = Container.of({"Id": "abc", "State": {"Running": False, "Status": "created"}})
    assert (bare.ready, bare.labels, bare.published(), bare.service) == (False, {}, None, "")


@pytest.mark.parametrize(("defined", "port"), [("8080", 8080), ("", None), ("0", None)], ids=["one", "any", "zero"])
def test_a_container_that_is_started_again_has_the_ports_that_it_will_have(defined: str, port: int | None) -> None:
    made = {"HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": defined}]}}}
    waits = {"Running": True, "Status": "restarting", "Restarting": True}
    assert Container.of({**FACTS, **made, "State": waits, "NetworkSettings": {"Ports": {}}}).published() == port
    ended = {"Running": False, "Status": "exited", "Restarting": False}  # another program may have it by now
    assert Container.of({**FACTS, **made, "State": ended, "NetworkSettings": {"Ports": {}}}).published() is None


def test_waiting_tells_what_is_wrong() -> None:
    looks = iter([container("starting"), container("starting"), container("healthy")])
    assert wait_for(lambda: next(looks), 5) == ""
    assert wait_for(lambda: None, 5) == "is gone"
    assert wait_for(lambda: container("starting"), 0) == "was not ready in 0 s"
    led = container("starting", outputs=("307 https://127.0.0.1/health",))
    assert wait_for(lambda: led, 0).startswith("was not ready in 0 s: its health path answers 307, to https://127")
    again = iter([container("starting"), container("starting", restarts=1)])
    assert wait_for(lambda: next(again), 5) == "ended, and was started again"


def test_what_the_check_of_another_service_says_is_no_answer_and_is_shown_with_its_log() -> None:
    labels = {containers.SERVICE: "worker"}
    worker = container("unhealthy", outputs=("", "500 jobs wait"), labels=labels)

    assert worker.verdict() == Verdict(wrong="is unhealthy", unhealthy=True)
    assert container("starting", outputs=("500",), labels=labels).verdict() == EARLY
    assert containers.last_words(Answers("it logged this"), worker, 5) == "it logged this\n500 jobs wait"
    assert containers.last_words(Answers("it logged this"), container("healthy", outputs=("x",)), 5) == "it logged this"


def test_what_is_gone_is_left_out_and_an_engine_that_says_nothing_is_no_answer() -> None:
    gone = "Error response from daemon: No such container: x"
    assert containers.inspect(Answers("", said=gone), "x") == []
    assert containers.look(Answers("", said=gone), "x") is None
    (found,) = containers.inspect(Answers(json.dumps([FACTS])), "abc")
    assert found.name == "shop-web-1"
    assert containers.inspect(Answers("", said=f"WARNING: Error parsing config file\n\n{gone}"), "x") == []
    away = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    with pytest.raises(Problem, match=r"Cannot connect(.|\n)*could not be asked about x, y"):
        containers.inspect(Answers("", "", said=f"{gone}\n{away}"), "x", "y")
    with pytest.raises(Problem, match=r"docker ended with status 1.\nThe engine could not be asked about x"):
        containers.inspect(Answers("", ""), "x")  # it was killed, say
    assert len(containers.inspect(Answers("", json.dumps([FACTS])), "abc")) == 1  # one answer was lost


def test_the_commands() -> None:
    assert containers.list_command("label=a=b", "status=exited") == [
        "docker", "ps", "--all", "--filter", "label=a=b", "--filter", "status=exited", "--format", "{{.ID}}",
    ]  # fmt: skip
    assert "--all" not in containers.list_command(running=True)
    assert containers.logs_command("x", 7) == ["docker", "logs", "--tail", "7", "x"]
    assert containers.logs_command("x", 7, follow=True) == ["docker", "logs", "--follow", "--tail", "7", "x"]
    assert containers.stop_command("x", "y") == ["docker", "stop", "x", "y"]
    assert containers.start_command("x") == ["docker", "start", "x"]
    assert containers.remove_command("x") == ["docker", "rm", "--force", "x"]
    assert containers.inspect_command("x") == ["docker", "inspect", "--type", "container", "x"]
    assert containers.exec_command("x", "sh", "-c", "y", options=["--interactive"]) == [
        "docker", "exec", "--interactive", "x", "sh", "-c", "y",
    ]  # fmt: skip
