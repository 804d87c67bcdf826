"""How the server ends, and what it does around any application."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from slipway.runtime.release import Answers
from tests.slipway.served import LIMIT, WORKERS, environ, serving
from tests.support import ROOT, wait_for

# A worker that is told to end between the fork and its own handlers, as when SIGTERM comes while workers start.
TOLD_AT_ONCE = """
import os, signal
source = {conf!r}
exec(compile(open(source).read(), source, "exec"))
def post_fork(server, worker):
    if worker.age == 1:
        os.kill(os.getpid(), signal.SIGTERM)
"""


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
        with server.connect() as client:
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
            with server.connect() as client:
                client.sendall(head % b"disconnects" + bytes(20_000))
        for number in range(5):
            with server.connect() as client:
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


@pytest.mark.parametrize(
    ("error", "last"), [("RuntimeError", "Error: no colour\n"), ("ValueError", "ValueError: no colour\n")]
)
def test_a_service_that_raises_when_it_is_imported_shows_where(tmp_path: Path, error: str, last: str) -> None:
    (tmp_path / "colours.py").write_text(f"def read():\n    raise {error}('no colour')\n")
    (tmp_path / "shop.py").write_text("import colours\n\ncolours.read()\n")
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py")]
    env = environ(tmp_path, ASGI_APP="shop:app")
    ran = subprocess.run(
        command, cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert 'shop.py", line 3, in <module>\n    colours.read()' in ran.stdout
    assert f'colours.py", line 2, in read\n    raise {error}' in ran.stdout
    assert ran.stdout.count("Traceback") == 1
    assert ran.stdout.rstrip().endswith(last.rstrip())


def test_a_worker_that_reloads_is_named_as_each_gunicorn_takes_it(tmp_path: Path) -> None:
    code = "from gunicorn.app.wsgiapp import WSGIApplication as A; c = A().cfg; print(c.settings['worker_class'].get())"
    command = [sys.executable, "-c", f"{code}; print(c.worker_class.__mro__[1].__name__)"]
    conf = ["--config", str(ROOT / "gunicorn.conf.py")]
    env = environ(tmp_path, RELOAD="1")
    done = subprocess.run([*command, *conf], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["__config__.ReloadingWorker", "UvicornWorker"]


@pytest.mark.parametrize("there", [(), ("pythonjsonlogger",), ("orjson", "pythonjsonlogger")], ids=len)
def test_without_the_modules_that_write_json_the_log_is_text(tmp_path: Path, there: tuple[str, ...]) -> None:
    # Before the environment's own: without them, and python-json-logger as it was before 3.
    hidden = [name for name in ("orjson", "pythonjsonlogger") if name not in there]
    if "pythonjsonlogger" in there:
        (tmp_path / "pythonjsonlogger").mkdir()
        (tmp_path / "pythonjsonlogger" / "__init__.py").touch()
    code = f"""
import importlib.util, runpy
real = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in {hidden} else real(name)
print(*runpy.run_path({str(ROOT / "gunicorn.conf.py")!r})["logconfig_dict"]["formatters"])
"""
    env = environ(tmp_path, LOG_FORMAT="json", PYTHONPATH=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["text"]
