"""What the server does with bodies that do not come, before any application."""

import json
import select
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from slipway.runtime.release import Answers
from tests.slipway.served import LIMIT, WORKERS, Server, environ, serving
from tests.support import ROOT, wait_for


@pytest.mark.parametrize("worker", WORKERS)
def test_a_body_that_stalls_is_answered_with_408_and_a_slow_one_is_taken(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker, BODY_IDLE_SECONDS="1") as server:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
        with server.connect() as stalled, server.connect() as slow:
            stalled.sendall(head + b"12345")
            slow.sendall(head)
            for _ in range(10):  # twice as long in all as one that stalls may take
                threading.Event().wait(0.2)
                slow.sendall(b"x")
            assert stalled.recv(100).startswith(b"HTTP/1.1 408 ")
            assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
        wait_for(lambda: server.counted() == Answers(2))


@pytest.mark.parametrize("worker", WORKERS)
def test_a_refusal_waits_as_a_whole_while_its_body_comes_and_a_stream_does_not(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker) as server, ExitStack() as stack:
        refused, streamed = (stack.enter_context(server.connect()) for _ in range(2))
        for client, path in ((refused, b"/refuses"), (streamed, b"/streams")):
            client.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        assert streamed.recv(100).startswith(b"HTTP/1.1 200 ")
        streamed.sendall(b"67890")
        while b"done" not in streamed.recv(100):
            pass
        refused.sendall(b"67890")  # within the second that is waited for
        assert refused.recv(100).startswith(b"HTTP/1.1 413 ")


def held(server: Server, count: int) -> list[socket.socket]:
    """Begin so many uploads that do not go on."""
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1")
    return clients


def the_one_that_is_refused(clients: list[socket.socket]) -> socket.socket:
    """Wait until one of them is answered, with 429."""
    (refused,), _, _ = select.select(clients, [], [], LIMIT)
    assert refused.recv(100).startswith(b"HTTP/1.1 429 ")
    return refused


@pytest.mark.parametrize("worker", WORKERS)
def test_a_client_has_so_many_unfinished_bodies_and_others_at_once(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker, BODIES_PER_CLIENT="1") as server, ExitStack() as stack:
        clients = [stack.enter_context(client) for client in held(server, 5)]  # four: the address is private
        clients.remove(the_one_that_is_refused(clients))
        with server.connect() as whole:
            whole.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
            assert whole.recv(100).startswith(b"HTTP/1.1 200 ")
        ended = clients.pop()
        ended.sendall(b"234567890")
        assert ended.recv(100).startswith(b"HTTP/1.1 200 ")
        more = [stack.enter_context(client) for client in held(server, 2)]
        the_one_that_is_refused(clients + more)  # one place was free again
        wait_for(lambda: server.counted() == Answers(4))


@pytest.mark.parametrize("worker", WORKERS)
def test_what_goes_on_behind_its_answer_waits_for_no_body(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker, BODIES_PER_CLIENT="1") as server, ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(4)]
        for client in clients:
            client.sendall(b"POST /goes-on HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
            assert client.recv(100).startswith(b"HTTP/1.1 202 ")
        (slow,) = (stack.enter_context(client) for client in held(server, 1))
        threading.Event().wait(0.3)  # longer than one has that is not waited for
        slow.sendall(b"234567890")
        assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
        (tmp_path / "over").touch()


LIMITS = """
import json, runpy, sys
print(json.dumps([runpy.run_path({conf!r})["_limits"](client) for client in sys.argv[1:]]))
"""


def test_a_client_is_an_address_or_what_one_customer_has_of_ipv6(tmp_path: Path) -> None:
    expected = {
        "9.9.9.9": [["9.9.9.9", 3]],
        "::ffff:9.9.9.9": [["9.9.9.9", 3]],
        "172.18.0.1": [["172.18.0.1", 12]],
        "100.64.0.1": [["100.64.0.1", 12]],
        "2620:fe:0:1::9": [["2620:fe:0:1::/64", 3], ["2620:fe::/48", 12]],
        "fd00::1": [["fd00::/64", 12], ["fd00::/48", 12]],
        "": [["", 12]],
    }
    code = LIMITS.format(conf=str(ROOT / "gunicorn.conf.py"))
    env = environ(tmp_path, BODIES_PER_CLIENT="3")
    said = subprocess.run([sys.executable, "-c", code, *expected], env=env, capture_output=True, text=True, check=True)
    assert dict(zip(expected, json.loads(said.stdout), strict=True)) == expected


OLDER = """
import asyncio, runpy
until = runpy.run_path("gunicorn.conf.py")["until"]

async def main():
    loop = asyncio.get_running_loop()
    async with until(loop.time() + 60):
        await asyncio.sleep(0)
    for what in (asyncio.sleep(60), loop.create_future()):
        try:
            async with until(loop.time() + 0.01):
                await what
        except TimeoutError:
            print("late")

    async def ended():
        async with until(loop.time() + 60):
            await asyncio.sleep(60)

    task = asyncio.create_task(ended())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(main())
"""


def test_where_python_has_no_timeouts_of_its_own_they_are_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", OLDER], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["late", "late", "cancelled"]
