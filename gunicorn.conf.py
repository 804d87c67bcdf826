"""How gunicorn runs the service, everywhere; values come from the environment."""

import os
import signal
import traceback
from pathlib import Path
from typing import Any

from gunicorn.util import load_class

wsgi_app = os.environ.get("ASGI_APP", "app.main:app")
bind = os.environ.get("BIND", f"0.0.0.0:{os.environ.get('PORT', '8000')}")
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
worker_class: Any = os.environ.get("WORKER_CLASS", "uvicorn_worker.UvicornWorker")
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
