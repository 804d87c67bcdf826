"""Log records know their request; one line is written for each."""

import logging
import os
import sys
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from pythonjsonlogger.orjson import OrjsonFormatter
from starlette.types import Scope

_request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("app.access")


def request_id() -> str:
    """Return the id of the request that is being answered, or ""."""
    return _request_id.get()


def set_request_id(value: str) -> None:
    """Let records and problems of this task carry the id."""
    _request_id.set(value)


def log_request(scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
    """Write the line of a request: no query and no headers, which may hold what is secret."""
    if not access.isEnabledFor(logging.INFO):
        return
    client = scope.get("client")
    fields = {
        "method": method,
        "path": scope["path"],
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "client": client[0] if client else None,
    }
    # Quoted: what a client sends must not look like another line.
    access.info("%s %s %s", method, quote(scope["path"]), status, extra=fields)


def configure_logging() -> None:
    """Add the request's id to every record of the process.

    Handlers and format are the server's choice (gunicorn.conf.py). Once it made one, its own line for
    each request is dropped: ours says more.
    """
    logging.setLogRecordFactory(_with_request_id)
    if access.hasHandlers():
        for server in ("uvicorn.access", "gunicorn.access"):
            logging.getLogger(server).handlers.clear()  # so that no line is even put together
            logging.getLogger(server).addFilter(_never)  # SIGHUP brings the handlers back


def log_to_stdout() -> None:
    """Write records as gunicorn.conf.py lets `web` do, in a process without a server."""
    form: logging.Formatter = OrjsonFormatter(
        ["levelname", "name", "process", "message"],
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="time",
    )
    if (os.environ.get("LOG_FORMAT") or ("text" if os.environ.get("RELOAD") == "1" else "json")) != "json":
        form = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _with_request_id(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    if value := _request_id.get():
        record.request_id = value
    return record


def _never(record: logging.LogRecord) -> bool:
    return False
