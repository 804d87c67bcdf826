"""What holds the way to the service: whom a request is led to, and how often.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.caddy.lab import LAB, Lab, handlers, unique
from tests.e2e.caddy.talk import connect, head
from tests.e2e.support import run
from tests.support import wait_for

SECOND = 1_000_000_000  # in nanoseconds, as Caddy counts
UPGRADE = head("GET", "/echo", "Connection: Upgrade", "Upgrade: websocket")


def finds_the_release(lab: Lab) -> None:
    """Lead each request to the name that the file holds at that moment, without a reload."""
    proxy = lab.plain
    at_first = proxy.ask().seen["at"]
    with lab.led_to("web-second"):
        assert proxy.ask().seen["at"] != at_first
    assert proxy.ask().seen["at"] == at_first


def takes_its_ipv4_addresses_alone(lab: Lab) -> None:
    """Ask no IPv6 address, where the service doesn't listen."""
    proxy = lab.plain
    assert not [peer for peer in (proxy.ask().seen["peer"] for _ in range(12)) if ":" in peer]


def finds_a_new_container_soon(lab: Lab) -> None:
    """Find a container that has come since the name was looked up."""
    with lab.led_to("web-growing"):
        hosts = {lab.plain.ask().seen["at"]}
        run("docker", "network", "connect", "--alias", "web-growing", LAB, f"{LAB}-new")
        try:
            for _ in range(40):
                hosts.add(lab.plain.ask().seen["at"])
                if len(hosts) == 2:
                    return
                time.sleep(0.1)
            raise AssertionError("the new container was not found in 4 s")
        finally:
            run("docker", "network", "disconnect", LAB, f"{LAB}-new")


def leads_to_the_least_busy(lab: Lab) -> None:
    """Give each of two containers one request of a pair."""
    with lab.led_to("web-two"), ThreadPoolExecutor(16) as pool:
        proxy, sent = lab.plain, []
        target = unique("/slow?seconds=1.5")
        for number in range(16):
            sent.append(pool.submit(proxy.ask, target))
            wait_for(lambda number=number: lab.first.count(target) + lab.second.count(target) > number)  # type: ignore[misc]
        at = [one.result().body for one in sent]
    assert all(one != other for one, other in zip(at[::2], at[1::2], strict=True)), at
    # On a Swarm in turn, however busy one is.
    with lab.led_to("web-two"), ThreadPoolExecutor(1) as pool:
        proxy, target = lab.plain.having(lab.caddyfile, BALANCE="round_robin"), unique("/slow?seconds=1.5")
        busy = pool.submit(proxy.ask, target)
        wait_for(lambda: lab.first.count(target) + lab.second.count(target) == 1)
        assert len({proxy.ask(unique("/slow?seconds=0")).body for _ in range(2)}) == 2
        assert busy.result().status == 200


def waits_until_one_listens(lab: Lab) -> None:
    """Let a request wait while nobody listens yet, and try again soon."""
    with lab.led_to("web-second"), ThreadPoolExecutor(1) as pool:
        proxy = lab.plain
        lab.second.tell("/deaf")
        asked = pool.submit(proxy.ask)
        time.sleep(0.5)
        lab.second.tell("/hear")
    assert asked.result().status == 200


def gives_up_in_time(lab: Lab) -> None:
    """Judge how long a request waits for somebody who listens, and how often that is tried."""
    for way in ways(lab):
        balancing = way["load_balancing"]
        wait = (
            20 if "response_header_timeout" in way["transport"] else 5
        )  # what is sent twice waits for an answer first
        assert (balancing.get("try_duration"), balancing.get("try_interval")) == (wait * SECOND, SECOND / 10)


def sends_nothing_twice(lab: Lab) -> None:
    """Send what was sent never again, neither a GET nor a POST."""
    with lab.led_to("web-second"):
        proxy = lab.plain
        for method in ("GET", "POST"):
            target = unique("/die")
            proxy.ask(method=method, target=target).is_problem(502, "Bad Gateway")
            assert lab.second.count(target) == 1, method


def keeps_no_connection(lab: Lab) -> None:
    """Use a connection for one request: Go would send a GET again when a kept one breaks."""
    proxy = lab.plain
    assert len({proxy.ask().seen["connection"] for _ in range(5)}) == 5
    target = unique("/die")
    assert proxy.ask(target).status == 502
    assert lab.first.count(target) == 1


def lets_bodies_wait(lab: Lab) -> None:
    """Let what may bring a body wait while as many are with a container as may be, and nobody else."""
    limits = [way["transport"].get("max_conns_per_host") for way in ways(lab)]
    assert [limit for limit in limits if limit] == [512, 1536]
    first, second = unique("/slow?seconds=2"), unique("/posts")
    proxy = lab.plain.but("max_conns_per_host 1536", "max_conns_per_host 1")
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(proxy.ask, first, "Content-Length: 0", method="POST")]
        wait_for(lambda: lab.first.count(first) == 1)
        asked.append(pool.submit(proxy.ask, second, "Content-Length: 0", method="POST"))
        assert proxy.ask().status == 200
        time.sleep(0.3)
        assert (lab.first.count(second), asked[0].done()) == (0, False)
    assert [one.result().status for one in asked] == [200, 200]


def keeps_streams_over_a_reload(lab: Lab) -> None:
    """Keep what is open when another Caddyfile is loaded, for a day at most."""
    assert {proxy.get("stream_close_delay") for proxy in ways(lab)} == {24 * 3600 * SECOND}
    proxy = lab.plain
    with connect(proxy.http) as stream:
        stream.sendall(UPGRADE)
        wait_for(lambda: b"\r\n\r\n" in stream.recv(1000))
        proxy.but("lb_try_interval 100ms", "lb_try_interval 101ms")
        time.sleep(0.3)
        stream.sendall(b"still there")
        assert stream.recv(100) == b"still there"


def tells_one_address(lab: Lab) -> None:
    """Tell the service one address of a client, whatever the client wrote."""
    assert lab.plain.ask("/", "X-Forwarded-For: 203.0.113.9").passed("X-Forwarded-For") == [lab.gateway]
    told = lab.relayed(lab.plain, head("GET", "/", "X-Forwarded-For: 203.0.113.9, 198.51.100.1", "Connection: close"))
    assert told.passed("X-Forwarded-For") == ["198.51.100.1"]


def ways(lab: Lab) -> list[Any]:
    """Return the ways to the service: the clients' and that of `inv`."""
    return list(handlers(lab.plain.adapted(), "reverse_proxy"))
