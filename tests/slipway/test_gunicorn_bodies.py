"""What the server does with bodies that do not come, before any application."""

import socket
import threading
from pathlib import Path

import pytest

from slipway.runtime.release import Answers
from tests.slipway.served import LIMIT, WORKERS, serving
from tests.support import wait_for


@pytest.mark.parametrize("worker", WORKERS)
def test_a_body_that_stalls_is_answered_with_408_and_a_slow_one_is_taken(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker, BODY_IDLE_SECONDS="1") as server:
        address = ("127.0.0.1", server.port)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
        with socket.create_connection(address, LIMIT) as stalled, socket.create_connection(address, LIMIT) as slow:
            stalled.sendall(head + b"12345")
            slow.sendall(head)
            for _ in range(10):  # twice as long in all as one that stalls may take
                threading.Event().wait(0.2)
                slow.sendall(b"x")
            assert stalled.recv(100).startswith(b"HTTP/1.1 408 ")
            assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
        wait_for(lambda: server.counted() == Answers(2))
