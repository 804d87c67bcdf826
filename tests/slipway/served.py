"""A gunicorn that runs with gunicorn.conf.py, and what it serves."""

import base64
import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slipway.deploy.compose.answers import decoded
from slipway.runtime.release import Answers
from tests.support import ROOT, wait_for

WORKERS = ["uvicorn_worker.UvicornWorker", "asgi"]
LIMIT = 60  # seconds

APP = """
import asyncio, os, signal, sys

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
    if scope["path"] == "/streams":  # answers before the body has come
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.body", "body": b"done"})
        return
    if scope["path"] == "/goes-on":  # as a task behind the answer
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        while not os.path.exists("over"):
            await asyncio.sleep(0.05)
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

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), LIMIT)

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
