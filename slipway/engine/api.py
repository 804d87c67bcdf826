"""The Engine API: JSON over HTTP, on the connection that the Docker client has to the engine of its context.

https://docs.docker.com/reference/api/engine/; `docker system dial-stdio` is how the client itself reaches an engine
over SSH.
"""

import atexit
import base64
import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, TypeVar
from urllib.parse import urlencode

from slipway.core import limits
from slipway.core.limits import ACT, ASK, SOON, Limit
from slipway.core.programs import close, started
from slipway.core.shell import Shell
from slipway.core.signals import interrupted, uninterrupted
from slipway.engine.answered import LEADERLESS, Silent, read, refused
from slipway.engine.answered import Away as Away
from slipway.engine.answered import Refused as Refused

VERSION = "1.44"  # Engine 25: the first that keeps no-new-privileges of a service, and start_interval
PREFIX = f"/v{VERSION}"
DIAL = ["docker", "system", "dial-stdio"]
ELECTION = 40  # seconds that a Swarm may take to have a leader again
POLL = 0.3
FOREVER = Limit()
Answer = TypeVar("Answer")


class Api:
    """The API of one engine."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self._connection: HTTPConnection | None = None
        self._process: subprocess.Popen[str] | None = None

    def get(self, path: str, filters: Mapping[str, list[str]] | None = None, **query: str) -> Any:
        """Return what an engine tells of a path; raises Refused, or Away after it was asked for long enough."""
        query |= {"filters": json.dumps(filters)} if filters else {}
        return self._until_led(lambda: read(self._whole("GET", path, query)))

    def find(self, path: str) -> Any | None:
        """Return what an engine tells of a path, None when there is nothing; raises Refused and Away."""
        try:
            return self.get(path)
        except Refused as refused:
            if refused.is_missing:
                return None
            raise

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        """Have an engine do something; raises Refused, or Away when nobody can tell whether it was done."""
        self._show("POST", path, query, (body or {}).get("Name", ""))
        return read(self._whole("POST", path, query, body, headers, ACT))

    def delete(self, path: str) -> bool:
        """Remove something; False when it was gone already. Raises Refused, or Away after it was asked for long enough.

        When nobody can tell whether it was done, it is asked again: what is gone then was removed by that.
        """
        self._show("DELETE", path)
        is_gone = False

        def remove() -> bool:
            nonlocal is_gone
            try:
                self._whole("DELETE", path, {}, limit=ACT)
            except Away:
                is_gone = True
                raise
            except Refused as refused:
                if refused.is_missing:
                    return is_gone
                raise
            return True

        return self._until_led(remove)

    def another(self) -> "Api":
        """Return the same API on a connection of its own, which whoever has it ends."""
        return Api(self.shell)

    @contextlib.contextmanager
    def stream(self, path: str, limit: Limit = FOREVER, **query: str) -> Iterator[HTTPResponse]:
        """Give an answer that goes on, and end the connection then; raises Refused and Away."""
        try:
            with self._answering():
                yield self._ask("GET", path, query, limit=limit)
        finally:
            self.close()

    def close(self) -> None:
        """End the connection."""
        connection, process = self._connection, self._process
        self._connection = self._process = None
        atexit.unregister(self.close)
        if connection:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # who waits for an answer in another thread is told as well
            self._socket.close()
            connection.close()
        if process:
            try:
                process.wait(SOON)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            close(process)

    def _until_led(self, ask: Callable[[], Answer]) -> Answer:
        # A connection that broke says nothing. And a Swarm elects another leader by itself: until then, a manager may
        # leave unanswered what it is asked of the Swarm, and answers to its own name.
        began, again = time.monotonic(), True
        while True:
            try:
                return ask()
            except Away as away:
                silent = isinstance(away, Silent)
                waits = silent or LEADERLESS.search(str(away.message))
                if not again and not (waits and interrupted() is None and time.monotonic() - began < ELECTION):
                    raise
                again = False
                if silent:
                    self._whole("GET", "/_ping", {})
                time.sleep(POLL)

    def _show(self, method: str, path: str, query: Mapping[str, str] | None = None, name: str = "") -> None:
        self.shell.steps.command([*DIAL, "#", method, _target(path, query or {}), *filter(None, [name])])

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        limit: Limit = ASK,
    ) -> HTTPResponse:
        connection = self._connected(limit)
        with self._answering():
            text = None if body is None else json.dumps(body).encode()
            given = {"Content-Type": "application/json", **(headers or {})} if text is not None else {}
            connection.request(method, _target(path, query), text, given)
            answer = connection.getresponse()
            said = answer.read() if answer.status >= 400 else b""
        if answer.status >= 400:
            raise refused(answer.status, said)
        return answer

    def _whole(self, *asked: Any, **more: Any) -> bytes:
        answer = self._ask(*asked, **more)
        with self._answering():
            return answer.read()

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        # An engine that goes in the middle of an answer has not answered.
        try:
            yield
        except (OSError, HTTPException) as error:
            raise self._broken(error) from None
        except BaseException:  # what was asked is not answered yet: the next question needs a connection of its own
            self.close()
            raise

    def _connected(self, limit: Limit) -> HTTPConnection:
        if self._connection and not self._connection.sock:  # ended with the last answer
            self.close()
        if not self._connection:
            self._socket, theirs = socket.socketpair()
            with theirs, uninterrupted():
                ends: dict[str, Any] = {"stdin": theirs, "stdout": theirs, "stderr": subprocess.PIPE}
                self._process = started(DIAL, apart=True, cwd=self.shell.root, **ends)
                atexit.register(self.close)
                self._connection = HTTPConnection("docker")
                self._connection.auto_open = 0
                self._connection.sock = self._socket
        now = time.monotonic()
        seconds = None if limit.seconds is None else limits.ends(limit, now, interrupted(), vain=False) - now
        self._socket.settimeout(seconds)
        return self._connection

    def _broken(self, error: Exception) -> Away:
        process, said = self._process, ""
        if process and not isinstance(error, TimeoutError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                said = process.communicate(timeout=SOON)[1].strip()
        self.close()
        late = isinstance(error, TimeoutError)
        why = "it did not answer in time" if late else said or str(error) or "it broke off"
        return (Silent if late else Away)(
            f"The engine cannot be asked: {why}\nIs it well? docker version (a Swarm with several managers goes on, "
            "and another one can be asked: --context NAME)"
        )


def _target(path: str, query: Mapping[str, str]) -> str:
    return f"{PREFIX}{path}{f'?{urlencode(query)}' if query else ''}"


def encoded(data: bytes) -> str:
    """Return the data of a config or secret as the API has it."""
    return base64.b64encode(data).decode()
