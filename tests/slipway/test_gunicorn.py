"""How the server ends, and what it does around any application."""

import base64
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from slipway.deploy.compose.answers import decoded
from slipway.runtime.release import Answers
from tests.support import wait_for

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ["uvicorn_worker.UvicornWorker", "asgi"]
LIMIT = 60  # seconds

# A worker that is told to end between the fork and its own handlers, as when SIGTERM comes while workers start.
TOLD_AT_ONCE = """
import os, signal
source = {conf!r}
exec(compile(open(source).read(), source, "exec"))
def post_fork(server, worker):
    if worker.age == 1:
        os.kill(os.getpid(), signal.SIGTERM)
"""
APP = """
import os, signal, sys

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"] + ""})  # raises for bytes
        return
    if scope["path"] == "/disconnects":  # as Starlette's request.body(): what is raised then becomes a 500 to nobody
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    if scope["path"] == "/refuses":
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        return
    if scope["path"] == "/exit":
        os._exit(1)
    if scope["path"] == "/killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if scope["path"] == "/leaves":
        sys.exit(3)  # which gunicorn takes for a worker that cannot start, and ends
    if scope["path"] == "/raises":
        raise RuntimeError("before the answer")
    if scope["path"] == "/busy":
        await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        return
    while scope["method"] == "POST" and (await receive()).get("more_body"):
        pass
    length = b"100000" if scope["path"] in ("/breaks", "/long") else b"2"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": b"ok", "more_body": length != b"2"})
    if scope["path"] == "/breaks":
        raise RuntimeError("in the middle of the answer")
    if scope["path"] == "/long":
        while (await receive())["type"] != "http.disconnect":
            pass
        raise RuntimeError("as those do that are in the middle of something")
"""


@dataclass
class Server:
    """A gunicorn that runs; `answers` is the file in which it counts."""

    process: "subprocess.Popen[str]"
    port: int
    answers: Path
    log: Path

    def get(self, path: str) -> int:
        """Return the status of an answer that came whole, 0 for none."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            return answer.status
        except (http.client.HTTPException, OSError):
            return 0
        finally:
            client.close()

    def counted(self) -> Answers:
        """Return what was counted."""
        return decoded(base64.b64encode(self.answers.read_bytes()).decode())

    def said(self, text: str) -> int:
        """Return how often the log has a text."""
        return self.log.read_text().count(text)


def environ(folder: Path, **more: str) -> dict[str, str]:
    """Write APP into a folder; return the variables of a gunicorn that serves it."""
    (folder / "web.py").write_text(APP)
    ours = {"ASGI_APP": "web:app", "WEB_CONCURRENCY": "1", "BIND": "127.0.0.1:0", "LOG_FORMAT": "text"}
    return {name: value for name, value in os.environ.items() if name != "RELOAD"} | ours | more


@contextmanager
def serving(folder: Path, worker: str, **env: str) -> Iterator[Server]:
    """Run a gunicorn that serves APP."""
    log, answers = folder / "log", folder / "answers"
    variables = environ(folder, WORKER_CLASS=worker, SLIPWAY_ANSWERS=str(answers), HEALTH_PATH="/health", **env)
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py")]
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=folder, env=variables, stdout=out, stderr=out, text=True) as process,
    ):
        try:
            wait_for(lambda: "Booting worker" in log.read_text(), LIMIT)
            found = re.search(r"Listening at: http://127.0.0.1:(\d+)", log.read_text())
            assert found
            yield Server(process, int(found[1]), answers, log)
        finally:
            process.terminate()
            process.wait(LIMIT)


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


@pytest.mark.parametrize("worker", WORKERS)
def test_what_clients_get_is_counted_and_what_they_do_themselves_is_no_failure(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker) as server:
        for path, status, counted in (
            ("/exit", 0, Answers(0, 1)),  # workers that died
            ("/killed", 0, Answers(0, 2)),
            ("/breaks", 0, Answers(1, 3)),
            ("/raises", 500, Answers(2, 4)),
            ("/leaves", 500, Answers(3, 5)),
            ("/busy", 503, Answers(4, 5, 1)),
            ("/health", 200, Answers(4, 5, 1)),
            ("/", 200, Answers(5, 5, 1)),
        ):
            assert server.get(path) == status
            wait_for(lambda counted=counted: server.counted() == counted)  # type: ignore[misc]
        with socket.create_connection(("127.0.0.1", server.port), LIMIT) as client:
            client.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        wait_for(lambda: server.said("those do that are in the middle of something") > 0)
        server.process.send_signal(signal.SIGHUP)  # a new worker, and the old one ends in order
        wait_for(lambda: server.said("Booting worker") == 4 and server.said("Worker exiting") == 1)
        assert server.get("/") == 200
        server.process.terminate()
        assert server.process.wait(LIMIT) == 0
        assert server.counted() == Answers(6, 5, 1), server.log.read_text()


@pytest.mark.parametrize("worker", WORKERS)
def test_a_body_that_is_given_up_is_no_failure_and_one_that_is_refused_is_answered(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker) as server:
        head = b"POST /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8000000\r\n\r\n"
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port), LIMIT) as client:
                client.sendall(head % b"disconnects" + bytes(20_000))
        for number in range(5):
            with socket.create_connection(("127.0.0.1", server.port), LIMIT) as client:
                client.sendall(head % b"refuses")
                client.sendall(bytes(8_000_000))
                assert client.recv(100).startswith(b"HTTP/1.1 413 "), number
        wait_for(lambda: server.counted() == Answers(5))


@pytest.mark.parametrize("worker", WORKERS)
def test_websockets_work(tmp_path: Path, worker: str) -> None:
    with serving(tmp_path, worker) as server:
        with connect(f"ws://127.0.0.1:{server.port}/", open_timeout=LIMIT) as socket:
            socket.send("hello")
            assert socket.recv(timeout=LIMIT) == "hello"
            socket.send(b"what the application does not know")
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=LIMIT)
        wait_for(lambda: server.counted() == Answers(1))
        with connect(f"ws://127.0.0.1:{server.port}/", open_timeout=LIMIT, max_size=None) as socket:
            assert "permessage-deflate" not in str(socket.response and socket.response.headers)
            with pytest.raises(ConnectionClosed) as closed:
                socket.send("x" * 2**21)
                socket.recv(timeout=LIMIT)
        # Too big; the connection may be gone before all of it was sent, and that before this could be read.
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_an_open_websocket_is_told_of_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS[0]) as server:
        with connect(f"ws://127.0.0.1:{server.port}/", open_timeout=LIMIT) as socket:
            socket.send("hello")
            socket.recv(timeout=LIMIT)
            server.process.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=LIMIT)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1012
        assert server.process.wait(LIMIT) == 0
        assert server.counted() == Answers(1)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_that_is_told_to_end_while_it_starts_ends(tmp_path: Path, worker: str) -> None:
    (tmp_path / "conf.py").write_text(TOLD_AT_ONCE.format(conf=str(ROOT / "gunicorn.conf.py")))
    said = ""
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "conf.py"], cwd=tmp_path,
        env=environ(tmp_path, WORKER_CLASS=worker), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as server:  # fmt: skip
        assert server.stdout
        limit = threading.Timer(LIMIT, server.kill)
        limit.start()
        for line in server.stdout:
            said += line
            if "Booting worker" in line and said.count("Booting worker") == 2:  # the first has ended
                server.terminate()
        limit.cancel()
    assert server.returncode == 0, said
