"""Whether an engine passes the IPv6 addresses of clients."""

import json
import re
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest

from slipway.engine import ipv6
from slipway.engine.ipv6 import NONE, PASSES, ClientAddresses, Host
from tests.slipway.engine.support import Answers

NEW = {"ServerVersion": "28.5.2", "SecurityOptions": ["name=seccomp,profile=builtin"], "OperatingSystem": "Debian"}
AT = IPv6Address("2001:db8::1")
ZERO = "0" * 32
# As a kernel prints them: addresses of the loopback, of a link, of RFC 4193, a global one, and one that another machine
# has as well; a network, the default route from a router, one that was set by hand, and that for lack of any.
LOOK = f"""0
00000000000000000000000000000001 01 80 10 80       lo
fe800000000000003c08c8fffe08def3 02 40 20 80     eth0
fd000000000000000000000000000002 02 40 00 80     eth0
26060000000000000000000000000001 02 30 00 80     eth0
26060000000000000000000000000002 02 30 00 c8     eth0
20010db8000000000000000000000000 30 {ZERO} 00 {ZERO} 00000100 00000002 00000000 00000001     eth0
{ZERO} 00 {ZERO} 00 fe800000000000003c08c8fffe08def3 00000400 00000001 00000000 00450003     eth0
{ZERO} 00 {ZERO} 00 20010db80000000a0000000000000007 00001388 00000001 00000000 00000003     eth1
{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo
all/accept_ra:1
eth0/accept_ra:1
eth1/accept_ra:1
"""
SERVER = json.dumps([
    {"Id": "s", "State": {"Running": True}, "NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": "32768"}]}}}
])  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ServerVersion": "26.1.5+dfsg1"}, "Docker Engine 26.1.5+dfsg1 hides theirs, 27 and later don't"),
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, "an engine without root hides theirs"),
        ({"OperatingSystem": "Docker Desktop"}, "Docker Desktop hides theirs"),
    ],
)
def test_some_engines_hide_the_addresses_for_sure(change: dict[str, Any], why: str) -> None:
    assert ipv6.judged({**NEW, **change}) == ClientAddresses(why=why)


@pytest.mark.parametrize(
    "change",
    [{}, {"ServerVersion": "26.1.5", "ExperimentalBuild": True}, {"ServerVersion": ""}, {"SecurityOptions": None}],
)
def test_no_engine_is_believed_to_pass_them_by_what_it_says(change: dict[str, Any]) -> None:
    assert ipv6.judged({**NEW, **change}) is None


def test_the_machine_s_addresses_are_those_that_others_reach_the_global_ones_first() -> None:
    host = ipv6.read(LOOK)
    assert [str(one) for one in host.addresses] == ["2606::1", "fd00::2"]
    assert not host.forwards
    assert ipv6.read(LOOK.replace("0\n", "1\n", 1)).forwards
    assert ipv6.read("") == Host()


def test_a_route_that_the_kernel_would_drop_is_not_risked() -> None:
    assert ipv6.read(LOOK).at_risk == ("eth0",)
    refused = ipv6.refused(ipv6.read(LOOK))
    assert refused and not refused.passes
    assert "net.ipv6.conf.eth0.accept_ra=2" in refused.why
    assert ipv6.refused(ipv6.read(LOOK.replace("eth0/accept_ra:1", "eth0/accept_ra:2"))) is None
    assert ipv6.refused(ipv6.read(LOOK.replace("0\n", "1\n", 1))) is None  # it forwards already, so it has kept it


def test_without_ipv6_there_are_no_such_clients_and_nothing_to_say() -> None:
    assert ipv6.refused(Host()) == NONE
    assert (NONE.passes, NONE.why) == (False, "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("1\nfd51:8dd0:dea8:52ec::1", "in a trial the engine hid them"),  # the gateway: docker-proxy has asked
        ("1\n172.18.0.1", "in a trial the engine hid them"),
        ("1", "in a trial the engine did not pass on them"),
        ("", "in a trial the engine did not pass on them"),
        ("0\n2001:db8::1", "the engine's machine doesn't forward: net.ipv6.conf.all.forwarding=1"),
    ],
)
def test_only_the_address_of_who_has_asked_is_a_yes(said: str, why: str) -> None:
    assert ipv6.concluded("1\n2001:db8::1", AT) == PASSES
    assert ipv6.concluded(said, AT) == ClientAddresses(why=why)


def trial(*answers: str) -> tuple[ClientAddresses, list[str]]:
    """Hold a trial on an engine that answers so; return what was found, and what was asked of the engine."""
    shell = Answers(json.dumps(NEW), *answers)
    found = ipv6.trial(shell, "caddy:2", "shop-prod")
    assert shell.answers == []
    return found, [" ".join(argv[1:3]) for argv in shell.asked[1:]]


def test_a_trial_asks_a_server_from_the_machine_and_leaves_nothing() -> None:
    look = LOOK.replace("0\n", "1\n", 1)
    found, asked = trial(look, "left", "removed", "made", "started", SERVER, "1\n2606::1", "gone", "gone")
    assert found == PASSES
    assert asked == [
        "run --rm", "network ls", "network rm", "network create", "run --detach", "inspect --type", "run --rm",
        "rm --force", "network rm",
    ]  # fmt: skip


def test_what_fails_in_a_trial_is_a_no_and_leaves_nothing() -> None:
    look = LOOK.replace("0\n", "1\n", 1)
    ends = ["rm --force", "network rm"]
    no_network, asked = trial(look, " ", "", "gone", "gone")
    assert (no_network.why, asked[-3:]) == ("the engine made no IPv6 network", ["network create", *ends])
    no_port, asked = trial(look, " ", "made", "", "gone", "gone")
    assert (no_port.why, asked[-3:]) == ("the engine published no port over IPv6", ["run --detach", *ends])
    no_answer, asked = trial(look, " ", "made", "started", SERVER, "", "gone", "gone")
    assert (no_answer.passes, asked[-3:]) == (False, ["run --rm", *ends])
    no_word, asked = trial(look, " ", "made", "started", "", "", "gone", "gone")
    assert (no_word.why, asked[-3:]) == ("in a trial the engine could not be asked", ["inspect --type", *ends])


def test_an_engine_that_cannot_be_looked_at_is_a_no() -> None:
    assert not ipv6.trial(Answers(""), "caddy:2", "shop-prod").passes
    assert not trial("")[0].passes
    assert not ipv6.trial(Answers("null", ""), "caddy:2", "shop-prod").passes


def test_what_asks_is_in_the_machine_s_network_and_can_do_nothing_else() -> None:
    ask = ipv6.ask_command("caddy:2", IPv6Network("fd51:8dd0:dea8:52ec::/64"), AT, 32768)
    for command in (ipv6.look_command("caddy:2"), ask):
        assert command[:8] == ["docker", "run", "--rm", "--network", "host", "--read-only", "--cap-drop", "ALL"]
        assert command[8:12] == ["--env", "HTTP_PROXY=", "--env", "http_proxy="]  # a company's would be asked
    assert "'http://[2001:db8::1]:32768/'" in ask[-1]
    serve = ipv6.serve_command("trial", "caddy:2")
    assert serve[serve.index("--publish") + 1] == "[::]::80"
    assert "exec timeout 60 caddy run" in serve[-1]  # also when nobody removes it


def test_nothing_is_asked_while_the_machine_may_not_use_its_address_in_the_network() -> None:
    # Meanwhile docker-proxy would ask as the address that is asked for, and hide nobody.
    script = ipv6.ask_command("caddy:2", IPv6Network("fd51:8dd0:dea8:52ec::/64"), AT, 32768)[-1]
    waits = re.search(r"until grep -qE '([^']+)' /proc/net/if_inet6;.*until timeout", script)
    assert waits
    mine = "fd518dd0dea852ec0000000000000001 6f90 40 00 {} br-0a1b2c3d"
    assert re.match(waits[1], mine.format("80"))
    assert re.match(waits[1], mine.format("82"))
    for flags in ("c0", "40", "88"):  # it is tentative, or another machine has it
        assert not re.match(waits[1], mine.format(flags))
    assert not re.match(waits[1], "20010db8000000000000000000000001 0b 40 00 80 eth0")
