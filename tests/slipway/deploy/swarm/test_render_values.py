"""Values as Compose prints them, as the Engine API takes them."""

from typing import Any

import pytest

from slipway.deploy.swarm.render import environment
from slipway.deploy.swarm.values import literal, mode, nanoseconds, octets, plain
from tests.slipway.deploy.swarm.rendered import container, rendered


@pytest.mark.parametrize(
    ("said", "found"),
    [("35s", 35.0), ("1m30s", 90.0), ("1h0m0s", 3600.0), ("250ms", 0.25), ("1.5s", 1.5), ("0s", 0.0), (0, 0.0)],
)
def test_durations(said: Any, found: float) -> None:
    assert nanoseconds(said) == found * 10**9


@pytest.mark.parametrize("said", ["5", "1m 30s", "s", "10 s", "-1s", "1d"])
def test_what_is_no_duration(said: str) -> None:
    with pytest.raises(ValueError, match=f"{said} is no duration"):
        nanoseconds(said)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("64m", 64 << 20),
        ("1gb", 1 << 30),
        ("1.5G", 3 << 29),
        ("1073741824", 1 << 30),
        (5, 5),
        ("2KiB", 2048),
        ("9b", 9),
    ],
)
def test_sizes(said: Any, found: int) -> None:
    assert octets(said) == found


def test_what_is_no_size() -> None:
    with pytest.raises(ValueError, match="10% is no number of bytes"):
        octets("10%")


def test_modes_are_numbers_or_since_compose_2_30_octal_digits() -> None:
    assert (mode(0o440), mode("0440"), mode("440")) == (0o440, 0o440, 0o440)


def test_dollars_that_compose_doubles_are_halved_once_and_everywhere() -> None:
    assert plain({"a$$b": ["$$x", "$$$$y", {"z": "1$$"}], "n": 5, "t": True, "none": None}) == {
        "a$b": ["$x", "$$y", {"z": "1$"}],
        "n": 5,
        "t": True,
        "none": None,
    }
    assert container(labels={}, command=["echo", "a$$b"])["Args"] == ["echo", "a$b"]


@pytest.mark.parametrize("text", ["{{.Task.Slot}}", "{{{ }}", "{{{{", "a {{ b", "{{- x -}}", "{", "}}", '{{"{{"}}', ""])
def test_a_swarm_makes_the_text_of_a_literal_again(text: str) -> None:
    # What Go's text/template does with it: an action that is a constant is its text, what is around stays.
    assert literal(text).replace('{{"{{"}}', "\0").count("{{") == 0
    assert literal(text).replace('{{"{{"}}', "{{") == text


def test_templates_stand_in_variables_the_hosts_name_and_mounts_alone() -> None:
    said = container(environment={"A": "{{x}}"}, hostname="h{{", command=["{{y}}"], tmpfs=["/t{{"])
    assert said["Env"] == ['A={{"{{"}}x}}']
    assert said["Hostname"] == 'h{{"{{"}}'
    assert said["Args"] == ["{{y}}"]  # which a Swarm takes as it is
    assert said["Mounts"][0]["Target"] == '/t{{"{{"}}'


def test_a_variable_without_a_value_is_taken_from_the_container() -> None:
    assert environment({"B": None, "A": "", "C": "x=y"}) == ["A=", "B", "C=x=y"]


def test_what_is_started() -> None:
    assert container(entrypoint=None, command=None) == {}
    assert container(entrypoint=["sh", "-c"], command=["x"]) == {"Command": ["sh", "-c"], "Args": ["x"]}
    assert container(entrypoint=[], command=["x", "y"]) == {"Command": ["x", "y"]}
    with pytest.raises(ValueError, match=r"entrypoint is empty, .*: say command as well"):
        container(entrypoint=[])


def test_what_is_said_of_a_container_and_no_more() -> None:
    said = container(
        user="5:6", group_add=["5", "mail"], working_dir="/w", tty=True, stdin_open=True, stop_signal="SIGINT",
        stop_grace_period="0s", init=False, isolation="default", cap_add=["NET_RAW"],
        sysctls={"net.core.somaxconn": "9"},
        ulimits={"nofile": {"soft": 5, "hard": 10}, "nproc": 7}, labels={"b": "1"}, dns=["1.1.1.1"], dns_search=["x.y"],
        dns_opt=["ndots:1"], extra_hosts=["g=host-gateway", "h:10.0.0.1", "v6=::1"], read_only=False,
    )  # fmt: skip
    assert said == {
        "User": "5:6",
        "Groups": ["5", "mail"],
        "Dir": "/w",
        "TTY": True,
        "OpenStdin": True,
        "StopSignal": "SIGINT",
        "StopGracePeriod": 0,
        "Init": False,
        "Isolation": "default",
        "CapabilityAdd": ["NET_RAW"],
        "Sysctls": {"net.core.somaxconn": "9"},
        "Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 10}, {"Name": "nproc", "Soft": 7, "Hard": 7}],
        "DNSConfig": {"Nameservers": ["1.1.1.1"], "Search": ["x.y"], "Options": ["ndots:1"]},
        "Hosts": ["host-gateway g", "10.0.0.1 h", "::1 v6"],
    }
    assert rendered(logging={"options": {"max-size": "1m"}})["TaskTemplate"]["LogDriver"] == {
        "Name": "",
        "Options": {"max-size": "1m"},
    }


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, None),
        ({"disable": True, "test": ["CMD", "x"]}, {"Test": ["NONE"]}),
        ({"test": ["NONE"]}, {"Test": ["NONE"]}),
        ({"test": ["CMD-SHELL", "x"], "retries": 4}, {"Test": ["CMD-SHELL", "x"], "Retries": 4}),
        ({"interval": "10s"}, {"Interval": 10 * 10**9}),  # the rest is the image's
    ],
)
def test_health(said: dict[str, Any], found: dict[str, Any] | None) -> None:
    assert container(healthcheck=said).get("HealthCheck") == found
