"""What happens to every request: its id, its log line, its metrics, its headers."""

import logging
import re
from time import perf_counter
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import metrics
from app.core.errors import problem
from app.core.logging import log_request, set_request_id

log = logging.getLogger(__name__)

# https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
DEFAULT_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
CLIENT_GONE = 499  # nginx's number for a request that was given up before its answer
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestMiddleware:
    """Go around the whole application, so that no answer is left out."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self.app = app
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; an exception becomes a problem with status 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        method = scope["method"]
        if method == "HEAD":  # is GET without the content (RFC 9110, section 9.3.2); FastAPI's routes don't know it
            scope = {**scope, "method": "GET"}
        headers = Headers(scope=scope)
        request_id = _id(headers)
        set_request_id(request_id)
        status, started = CLIENT_GONE, False

        async def respond(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = _completed(message["headers"], request_id)
            elif method == "HEAD":
                message["body"] = b""
            await send(message)

        metrics.IN_PROGRESS.inc()
        try:
            await self.app(scope, self._bounded(headers, receive), respond)
        except ClientDisconnect:
            pass  # nobody to answer: it is logged as given up
        except HTTPException as error:
            await problem(error.status_code, error.detail)(scope, receive, respond)
        except Exception:
            log.exception("%s %s failed", method, quote(scope["path"]))
            if started:
                raise  # too late for another answer: the server closes the connection
            await problem(500, "Something went wrong here, not with your request.")(scope, receive, respond)
        finally:
            metrics.IN_PROGRESS.dec()
            seconds, route = perf_counter() - began, metrics.route_template(scope)
            metrics.observe(method, route, status, seconds)
            log_request(scope, method, route, status, seconds)

    def _bounded(self, headers: Headers, receive: Receive) -> Receive:
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self.max_body:
            raise self._too_large()
        # What is announced is what the server lets through; what is not has to be counted.
        return receive if length else self._counted(receive)

    def _counted(self, receive: Receive) -> Receive:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.max_body:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"A body has at most {self.max_body} bytes.")


def _id(headers: Headers) -> str:
    # The one that the request brings, unless it could do harm.
    asked = headers.get("x-request-id", "")
    return asked if _ACCEPTABLE_ID.fullmatch(asked) else uuid4().hex


def _completed(given: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    # The headers of an answer: its own come before the defaults.
    names = {name for name, _ in given}
    ours = [header for header in DEFAULT_HEADERS if header[0] not in names]
    return [*given, *ours, (b"x-request-id", request_id.encode())]
