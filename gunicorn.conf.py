"""How gunicorn runs the service, everywhere; values come from the environment."""

import os
import signal
from pathlib import Path
from typing import Any

wsgi_app = os.environ.get("ASGI_APP", "app.main:app")
bind = os.environ.get("BIND", f"0.0.0.0:{os.environ.get('PORT', '8000')}")
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
worker_class = os.environ.get("WORKER_CLASS", "uvicorn_worker.UvicornWorker")
reload = os.environ.get("RELOAD", "") == "1"
# Loaded once, before the workers fork: a broken application or a missing setting ends the
# server with one message, and the workers share its memory. A reloader has to load in the worker.
preload_app = not reload

accesslog = "-"
keepalive = 75  # longer than a proxy keeps idle connections, or it sends into closing ones
graceful_timeout = 30
shm = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(shm) if shm.is_dir() else None  # heartbeats must not wait for a disk
control_socket_disable = True  # two instances would fight for its path


def worker_int(worker: Any) -> None:
    """End a worker whose code changed.

    gunicorn's reloader calls this; uvicorn's loop would not notice on its own.
    """
    os.kill(worker.pid, signal.SIGTERM)
