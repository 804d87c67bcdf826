"""Whether an engine passes the IPv6 addresses of clients to containers: only a trial can tell.

No field of `docker info` says whether ip6tables is in use. Where it isn't, docker-proxy forwards the connections, and a
container sees a gateway's address in place of every client's.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from slipway.core.errors import Problem
from slipway.core.limits import ASK
from slipway.core.shell import Shell
from slipway.core.signals import uninterrupted
from slipway.engine import asked, containers, jobs, networks

LEAST = 27  # Engine: before it, ip6tables is an experimental feature
TRIAL = "dev.slipway.trial"  # the label of a trial's network
LIMIT = 10  # seconds that it may take until there is an answer
LIFE = 60  # seconds after which a trial's server ends by itself: `inv` may be killed
ADDRCONF = 0x40000  # RTF_ADDRCONF in linux/ipv6_route.h: a route that the kernel has from a router's advertisement
UNUSABLE = 0x40 | 0x20 | 0x08  # tentative, deprecated, dadfailed in linux/if_addr.h
FORWARDING = "/proc/sys/net/ipv6/conf/all/forwarding"
LOOK = (
    f"cat {FORWARDING}; cat /proc/net/if_inet6; cat /proc/net/ipv6_route; "
    "cd /proc/sys/net/ipv6/conf && grep . */accept_ra; true"
)
ANSWER = r"printf ':80\nrespond {http.request.remote.host}\n' >/tmp/Caddyfile; exec timeout "
ANSWER += f"{LIFE} caddy run --config /tmp/Caddyfile --adapter caddyfile"
DIRECT = [word for name in ("HTTP_PROXY", "http_proxy") for word in ("--env", f"{name}=")]


@dataclass(frozen=True)
class ClientAddresses:
    """Whether clients keep their IPv6 addresses; if not, why. Without a reason there are no such clients."""

    passes: bool = False
    why: str = ""


PASSES, NONE = ClientAddresses(passes=True), ClientAddresses()


@dataclass(frozen=True)
class Host:
    """The IPv6 of the engine's machine.

    `addresses` are those that others may reach it at, global ones first. `at_risk` are the interfaces with a default
    route from a router's advertisement, which the kernel drops when it begins to forward.
    """

    addresses: tuple[IPv6Address, ...] = ()
    forwards: bool = False
    at_risk: tuple[str, ...] = ()


def info_command() -> list[str]:
    """Return the command that describes the engine, as JSON."""
    return ["docker", "info", "--format", "{{json .}}"]


def look_command(image: str) -> list[str]:
    """Return the command that prints the IPv6 of the engine's machine."""
    return [*_on_host(image), LOOK]


def serve_command(name: str, image: str) -> list[str]:
    """Return the command that starts a server, on a network of its name, which answers with the client's address."""
    options = ["--name", name, "--network", name, "--publish", "[::]::80", "--read-only", "--tmpfs", "/tmp"]  # noqa: S108
    options += ["--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE", *jobs.made_by()]
    options += ["--env", "XDG_DATA_HOME=/tmp", "--env", "XDG_CONFIG_HOME=/tmp"]
    return ["docker", "run", "--detach", "--rm", *options, "--entrypoint", "sh", image, "-c", ANSWER]


def ask_command(image: str, subnet: IPv6Network, address: IPv6Address, port: int) -> list[str]:
    """Return the command that asks from the engine's machine, and prints whether that forwards, and the answer.

    It waits until the machine may use its own address in the trial's network. Before that, for a second, docker-proxy
    asks as another one of the machine's: the very one that is asked for.
    """
    late = "[ $(cut -d. -f1 /proc/uptime) -lt $end ] || exit 1; n=$((n % 4 + 1)); sleep 0.2"
    mine = f"{subnet.network_address.packed[:8].hex()}[0-9a-f]{{16}}"
    usable = f"grep -qE '^{mine} [0-9a-f]+ .. .. [08][02] ' /proc/net/if_inet6"
    ask = f"timeout $n wget -q -O - 'http://[{address}]:{port}/'"
    begin = f"n=0; end=$(($(cut -d. -f1 /proc/uptime) + {LIMIT}))"
    script = f"cat {FORWARDING}; {begin}; until {usable}; do {late}; done; n=1; until {ask}; do {late}; done"
    return [*_on_host(image), script]


def _on_host(image: str) -> list[str]:
    # A script in the network of the engine's machine, which it cannot change.
    options = ["--network", "host", "--read-only", "--cap-drop", "ALL", *DIRECT]
    return ["docker", "run", "--rm", *options, "--entrypoint", "sh", image, "-c"]


def judged(info: Mapping[str, Any]) -> ClientAddresses | None:
    """Judge an engine by what it says of itself; None when only a trial can tell."""
    if info.get("OperatingSystem") == "Docker Desktop":
        return ClientAddresses(why="Docker Desktop hides theirs")
    if "name=rootless" in (info.get("SecurityOptions") or []):
        return ClientAddresses(why="an engine without root hides theirs")
    version = str(info.get("ServerVersion", ""))
    number = re.match(r"\d+", version)
    if number and int(number[0]) < LEAST and not info.get("ExperimentalBuild"):
        return ClientAddresses(why=f"Docker Engine {version} hides theirs, {LEAST} and later don't")
    return None


def read(text: str) -> Host:
    """Read what `look_command` prints."""
    addresses, routes, settings, forwards = [], set(), {}, False
    for line in text.splitlines():
        words = line.split()
        if len(words) == 6 and words[3] == "00" and not int(words[4], 16) & UNUSABLE:
            addresses.append(IPv6Address(bytes.fromhex(words[0])))
        elif len(words) == 10 and words[1] == "00" and not int(words[0], 16) and int(words[8], 16) & ADDRCONF:
            routes.add(words[9])
        elif found := re.fullmatch(r"(.+)/accept_ra:(\d+)", line.strip()):
            settings[found[1]] = found[2]
        elif line.strip() == "1":
            forwards = True
    at_risk = sorted(name for name in routes if settings.get(name) != "2")
    return Host(tuple(sorted(addresses, key=lambda one: one.is_private)), forwards, tuple(at_risk))


def refused(host: Host) -> ClientAddresses | None:
    """Judge the engine's machine before it gets an IPv6 network; None when nothing speaks against a trial."""
    if not host.addresses:
        return NONE
    if host.at_risk and not host.forwards:
        sysctls = " ".join(f"net.ipv6.conf.{name}.accept_ra=2" for name in host.at_risk)
        return ClientAddresses(
            why=f"an IPv6 network would cost the engine's machine its route, unless it has {sysctls}"
        )
    return None


def concluded(said: str, asked: IPv6Address) -> ClientAddresses:
    """Judge by what `ask_command` printed: the machine's own address has to be what the server saw."""
    forwards, _, seen = said.partition("\n")
    if seen.strip() == str(asked):
        if forwards.strip() == "1":
            return PASSES
        return ClientAddresses(why="the engine's machine doesn't forward: net.ipv6.conf.all.forwarding=1")
    return ClientAddresses(why=f"in a trial the engine {'hid' if seen.strip() else 'did not pass on'} them")


def trial(shell: Shell, image: str, deployment: str) -> ClientAddresses:
    """Find out whether clients keep their IPv6 addresses; what cannot be told is never taken for yes.

    `image` has Caddy and a shell. An IPv6 network, a server on it and what asks that are there for seconds.
    """
    status, said, _ = shell.probe(info_command())
    if status:
        return ClientAddresses(why="the engine doesn't say which it is")
    found = judged(_mapping(said))
    if found:
        return found
    status, said, _ = shell.probe(look_command(image))
    if status:
        return ClientAddresses(why="the network of the engine's machine cannot be looked at")
    host = read(said)
    return refused(host) or _tried(shell, image, deployment, host.addresses[0])


def _tried(shell: Shell, image: str, deployment: str, address: IPv6Address) -> ClientAddresses:
    label = f"{TRIAL}={deployment}"
    if left := asked.told(shell, networks.list_command(f"label={label}"), ASK).split():  # of a verb that was killed
        asked.tidy(shell, networks.remove_command(*left))
    name = f"{deployment}-ipv6-{secrets.token_hex(4)}"
    subnet = networks.private_subnet(name)
    try:
        with uninterrupted():  # else the engine may still make what was removed already
            if shell.probe(networks.create_ipv6_command(name, subnet, label), apart=True)[0]:
                return ClientAddresses(why="the engine made no IPv6 network")
            if shell.probe(serve_command(name, image), apart=True)[0]:
                return ClientAddresses(why="the engine published no port over IPv6")
        server = containers.look(shell, name)
        port = server.published("80/tcp") if server else None
        return concluded(shell.probe(ask_command(image, subnet, address, port))[1] if port else "", address)
    except Problem:
        return ClientAddresses(why="in a trial the engine could not be asked")
    finally:
        asked.tidy(shell, containers.remove_command(name))
        asked.tidy(shell, networks.remove_command(name))


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
