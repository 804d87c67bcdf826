"""Logs of a Swarm's services: each node sends those of its tasks.

https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Service/operation/ServiceLogs
"""

import contextlib
import struct
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse

from slipway.core.errors import Problem
from slipway.core.limits import ASK, Limit
from slipway.engine.api import Api

HEAD = struct.Struct(">BxxxL")  # which stream, and how many bytes follow
OUT, ERR = 1, 2
NODE = "com.docker.swarm.node.id"  # what is said of a line, if it is asked for


def read(api: Api, service: str, lines: int | None = None) -> tuple[str, str]:
    """Return what a service has printed so far: its output, and its errors; the last lines, or all. Raises Problem.

    That is Silent where a node is lost that has some of it, for which the engine would wait for ever.
    """
    return _read(api, f"/services/{service}/logs", lines)


def of_task(api: Api, task: str, lines: int) -> str:
    """Return the last lines that a task has printed, or why they cannot be read."""
    try:
        return "\n".join(_read(api, f"/tasks/{task}/logs", lines)).strip()
    except Problem as problem:
        return str(problem.message)


def _read(api: Api, path: str, lines: int | None) -> tuple[str, str]:
    found = {OUT: b"", ERR: b""}
    last = "all" if lines is None else str(lines)
    with api.another().stream(path, ASK, stdout="1", stderr="1", tail=last) as answer:
        for stream, data in _frames(answer):
            found[stream] = found.get(stream, b"") + data
    return found[OUT].decode(errors="replace"), found[ERR].decode(errors="replace")


def by_node(api: Api, service: str, seconds: float) -> dict[str, str]:
    """Return what the tasks of a service have printed as output, by node, as far as it comes in these seconds.

    Raises Problem. A node that is not reached keeps the rest from coming.
    """
    found: dict[str, str] = {}
    asked = api.another().stream(
        f"/services/{service}/logs", Limit(seconds, asks=True), stdout="1", stderr="0", details="1"
    )
    with asked as answer, contextlib.suppress(OSError, HTTPException):
        for _, data in _frames(answer):
            about, _, text = data.decode(errors="replace").partition(" ")
            node = dict(one.partition("=")[::2] for one in about.split(",")).get(NODE, "")
            found[node] = found.get(node, "") + text
    return found


def follow(api: Api, service: str, show: Callable[[int, str], None]) -> None:
    """Show what a service prints, each line with its stream, until the connection ends; raises nothing."""
    rest = {OUT: b"", ERR: b""}
    told = api.stream(f"/services/{service}/logs", stdout="1", stderr="1", follow="1")
    with contextlib.suppress(Problem, OSError, HTTPException, ValueError, AttributeError), told as answer:
        for stream, data in _frames(answer):
            *lines, rest[stream] = (rest.get(stream, b"") + data).split(b"\n")
            for line in lines:
                show(stream, line.decode(errors="replace"))


def _frames(answer: HTTPResponse) -> Iterator[tuple[int, bytes]]:
    while len(head := answer.read(HEAD.size)) == HEAD.size:
        stream, size = HEAD.unpack(head)
        yield stream, answer.read(size)
