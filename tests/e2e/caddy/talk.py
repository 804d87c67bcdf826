"""What is said to the proxy, as no library would say it, and what it answers."""

import io
import json
import socket
import ssl
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any

WAIT = 10  # seconds for an answer


@dataclass(frozen=True)
class Answer:
    """An answer; its status is 0 when there was none."""

    status: int = 0
    headers: HTTPMessage = field(default_factory=HTTPMessage)
    body: bytes = b""
    took: float = 0

    @property
    def seen(self) -> Any:
        """What the upstream saw."""
        assert self.status == 200 and self.body, (self.status, self.body)
        return json.loads(self.body)

    def passed(self, name: str) -> list[str]:
        """Return a header's values as the upstream saw them."""
        return [value for one, value in self.seen["headers"] if one.lower() == name.lower()]

    def is_problem(self, status: int, title: str) -> None:
        """Judge an error of the proxy's own."""
        assert self.status == status, (self.status, self.body)
        assert self.body == problem(status, title), self.body
        assert self.headers["Content-Type"] == "application/problem+json"


def problem(status: int, title: str) -> bytes:
    """Return the body of an error of the proxy's own."""
    return f'{{"type":"about:blank","title":"{title}","status":{status}}}'.encode()


def head(method: str, target: str, *headers: str, host: str = "localhost") -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


def connect(port: int, trust: ssl.SSLContext | None = None, wait: float = WAIT) -> socket.socket:
    """Connect to a port of this machine; with `trust` over TLS, as to localhost."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=wait)
    return trust.wrap_socket(plain, server_hostname="localhost") if trust else plain


def exchange(
    port: int, said: bytes, trust: ssl.SSLContext | None = None, end: bool = False, wait: float = WAIT
) -> Answer:
    """Send all that is said, close the sending side if it is the `end`, and read the answer."""
    began = time.monotonic()
    try:
        with connect(port, trust, wait) as connection:
            with suppress(ConnectionError):  # there may be an answer before all is sent
                connection.sendall(said)
                if end:
                    time.sleep(0.05)  # Caddy looks for the service in vain for those who have left before
                    connection.shutdown(socket.SHUT_WR)
            return read(connection, said.partition(b" ")[0].decode(), began)
    except OSError:
        return Answer(took=time.monotonic() - began)


class Heard:
    """Bytes that were heard elsewhere, for http.client."""

    def __init__(self, said: bytes) -> None:
        self.said = said

    def makefile(self, _: str) -> io.BytesIO:
        """Return them as a file."""
        return io.BytesIO(self.said)


def read(connection: "socket.socket | Heard", method: str = "GET", began: float = 0) -> Answer:
    """Read an answer to its end."""
    response = HTTPResponse(connection, method=method)  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read()
        return Answer(response.status, response.headers, body, time.monotonic() - began)
    except (OSError, HTTPException):
        return Answer(took=time.monotonic() - began)


def over_http2(port: int, root: str, sent: bytes) -> bytes:
    """Begin a POST over HTTP/2 with a part of its body, say no more, and return the answer's body."""
    trust = ssl.create_default_context(cadata=root)
    trust.set_alpn_protocols(["h2"])

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    fields = b"\x83\x87\x84\x41\x09localhost"  # POST, https, / and the authority (RFC 7541, appendix A)
    with connect(port, trust) as connection, connection.makefile("rb") as heard:
        begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
        connection.sendall(begin + frame(1, 4, 1, fields) + frame(0, 0, 1, sent))
        body, ended = b"", False
        while not ended and len(front := heard.read(9)) == 9:
            payload = heard.read(int.from_bytes(front[:3], "big"))
            body += payload if front[3] == 0 else b""
            ended = front[3] <= 1 and bool(front[4] & 1)
        return body
