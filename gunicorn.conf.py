"""How gunicorn runs the service, everywhere; values come from the environment."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
import traceback
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gunicorn.util import load_class

env = {name: value for name, value in os.environ.items() if value}
wsgi_app = env.get("ASGI_APP", "app.main:app")
bind = [env.get("BIND", f"0.0.0.0:{env.get('PORT', '8000')}")]
workers = int(env.get("WEB_CONCURRENCY", "4"))
worker_class: Any = env.get("WORKER_CLASS", "uvicorn_worker.UvicornWorker")
reload = env.get("RELOAD", "") == "1"
# Loaded once, before the workers fork: a broken application or a missing setting ends the
# server with one message, and the workers share its memory. A reloader has to load in the worker.
preload_app = not reload
http_parser = "python"  # of gunicorn's own `asgi` worker

keepalive = 75  # longer than a proxy keeps idle connections, or it sends into closing ones
graceful_timeout = 30
shm = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(shm) if shm.is_dir() else None  # heartbeats must not wait for a disk
control_socket_disable = True  # two instances would fight for its path

# One line each, gunicorn's own included: JSON for machines, or text for the eyes of who develops.
accesslog = "-"
_json = env.get("LOG_FORMAT", "text" if reload else "json") == "json"
_json = _json and bool(find_spec("pythonjsonlogger") and find_spec("orjson"))
_to_stdout = {"level": "INFO", "handlers": ["stdout"], "propagate": False}
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.orjson.OrjsonFormatter",
            "fmt": ["levelname", "name", "process", "message"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
        },
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json" if _json else "text",
        }
    },
    "root": _to_stdout,
    "loggers": {"gunicorn.error": _to_stdout, "gunicorn.access": _to_stdout},
}
if not _json:
    del logconfig_dict["formatters"]["json"]


def _forget_metrics(owner: int, folder: str) -> None:
    if os.getpid() == owner:  # the workers inherit the hook
        shutil.rmtree(folder, ignore_errors=True)


# Prometheus is answered on a port of its own, which no proxy forwards. Each worker keeps its numbers in a
# file; the one that is asked adds up all of them.
if metrics_port := env.get("METRICS_PORT"):
    address = bind[0].rpartition(":")[0]
    bind.append(f"{address if address not in {'', 'unix'} else '127.0.0.1'}:{metrics_port}")
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-", dir=worker_tmp_dir)
        atexit.register(_forget_metrics, os.getpid(), os.environ["PROMETHEUS_MULTIPROC_DIR"])


def when_ready(server: Any) -> None:
    """Let the collector forget what was loaded, before the workers fork.

    It need not walk over that again and again; and walking writes, which would end the sharing of memory.
    """
    gc.collect()
    gc.freeze()


# A worker begins with the master's handlers, which would swallow what tells it to end: it would serve on until it is
# killed. So these wait from before the fork until the worker has handlers of its own.
_ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
_let_in = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _ENDING)
os.register_at_fork(after_in_parent=_let_in)


def pre_fork(server: Any, worker: Any) -> None:
    """Hold signals back until master and worker are two."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def post_fork(server: Any, worker: Any) -> None:
    """Collect less often: a request leaves little that has cycles."""
    gc.set_threshold(20_000, 50, 100)


def post_worker_init(worker: Any) -> None:
    """Let signals in: the worker has its own handlers now.

    Those of gunicorn's own worker hear nothing before its loop runs.
    """
    if loop := getattr(worker, "loop", None):
        loop.call_soon(_let_in)
    else:
        _let_in()


def child_exit(server: Any, worker: Any) -> None:
    """Drop the gauges of a worker that is gone."""
    if metrics_port and find_spec("prometheus_client"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def worker_int(worker: Any) -> None:
    """End a worker whose code changed.

    gunicorn's reloader calls this; uvicorn's loop would not notice on its own.
    """
    os.kill(worker.pid, signal.SIGTERM)


if reload:

    class ReloadingWorker(load_class(worker_class)):  # type: ignore[misc]
        """Outlives a mistake in the application: logs it, answers 500, waits for the next change."""

        def load_wsgi(self) -> None:
            """Load the application, or one that says that it could not be loaded."""
            try:
                self.wsgi = self.app.wsgi()
            except Exception as error:  # anything at all can be wrong in code that is being written
                self.log.exception("The application cannot be loaded; waiting for a change")
                for frame, _ in traceback.walk_tb(error.__traceback__):
                    self.reloader.add_extra_file(frame.f_code.co_filename)
                if isinstance(error, SyntaxError) and error.filename:
                    self.reloader.add_extra_file(error.filename)
                self.wsgi = _not_loaded

    worker_class = ReloadingWorker


async def _not_loaded(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": b"The application cannot be loaded; the log says why.\n"})
