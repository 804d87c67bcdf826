"""How the server ends."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

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
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
"""


@pytest.mark.parametrize("worker", ["uvicorn_worker.UvicornWorker", "asgi"])
def test_a_worker_that_is_told_to_end_while_it_starts_ends(tmp_path: Path, worker: str) -> None:
    (tmp_path / "conf.py").write_text(TOLD_AT_ONCE.format(conf=str(ROOT / "gunicorn.conf.py")))
    (tmp_path / "web.py").write_text(APP)
    env = {name: value for name, value in os.environ.items() if name != "RELOAD"} | {
        "ASGI_APP": "web:app", "WEB_CONCURRENCY": "1", "BIND": "127.0.0.1:0", "WORKER_CLASS": worker,
        "LOG_FORMAT": "text",
    }  # fmt: skip
    said = ""
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "conf.py"], cwd=tmp_path, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as server:  # fmt: skip
        assert server.stdout
        limit = threading.Timer(60, server.kill)
        limit.start()
        for line in server.stdout:
            said += line
            if "Booting worker" in line and said.count("Booting worker") == 2:  # the first has ended
                server.terminate()
        limit.cancel()
    assert server.returncode == 0, said
