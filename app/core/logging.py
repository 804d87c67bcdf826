"""Log records know their request; one line is written for each."""

import logging
from contextvars import ContextVar
from typing import Any

from starlette.types import Scope

_request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("app.access")


def request_id() -> str:
    """Return the id of the request that is being answered, or ""."""
    return _request_id.get()


def set_request_id(value: str) -> None:
    """Let records and problems of this task carry the id."""
    _request_id.set(value)


def log_request(scope: Scope, route: str, status: int, seconds: float) -> None:
    """Write the line of a request: no query and no headers, which may hold what is secret."""
    if not access.isEnabledFor(logging.INFO):
        return
    client = scope.get("client")
    fields = {
        "method": scope["method"],
        "path": scope["path"],
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "client": client[0] if client else None,
    }
    access.info("%s %s %s", scope["method"], scope["path"], status, extra=fields)


def configure_logging() -> None:
    """Add the request's id to every record of the process.

    Handlers and format are the server's choice (gunicorn.conf.py). Once it made one, its own line for
    each request is dropped: ours says more.
    """
    make_record = logging.getLogRecordFactory()
    if getattr(make_record, "adds_request_id", False):
        return

    def with_request_id(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        if value := _request_id.get():
            record.request_id = value
        return record

    with_request_id.adds_request_id = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(with_request_id)
    if access.hasHandlers():
        for server in ("uvicorn.access", "gunicorn.access"):
            logging.getLogger(server).disabled = True
