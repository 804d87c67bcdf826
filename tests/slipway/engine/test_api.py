"""The Engine API by the client's own connection: answers, refusals, and what breaks off."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from slipway.core.limits import Limit
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine import api as module
from slipway.engine.api import Api, Away, Refused
from slipway.engine.swarm import logs

# What `docker system dial-stdio` does: its standard input and output are the connection.
DIAL = """#!/usr/bin/env python3
import os, socket, sys, threading
assert sys.argv[1:] == ["system", "dial-stdio"]
there = socket.create_connection(("127.0.0.1", {port}))
def back():
    while data := there.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 65536):
    there.sendall(data)
"""
FRAMES = b"".join(logs.HEAD.pack(stream, 4) + text for stream, text in ((1, b"out\n"), (2, b"err\n")))


@dataclass
class Engine:
    """Answers as it was told, one after the other: a status and a text, or nothing before the connection ends."""

    answers: list[tuple[int, bytes] | None] = field(default_factory=list)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    connections: int = 0


class Part(bytes):
    """An answer of which the rest doesn't come: its engine was killed."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Serve an engine, to which the program `docker` leads."""
    made = Engine()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            made.connections += 1
            super().setup()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.asked.append((self.command, self.path, body))
            if (said := made.answers.pop(0)) is None:
                self.close_connection = True
                return
            self.send_response(said[0])
            self.close_connection = isinstance(said[1], Part)
            self.send_header("Content-Length", str(len(said[1]) + self.close_connection))
            self.end_headers()
            self.wfile.write(said[1])

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    program = tmp_path / "docker"
    program.write_text(DIAL.format(port=server.server_port))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(module, "POLL", 0)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api(engine: Engine, tmp_path: Path) -> Iterator[Api]:
    """Give the API of that engine."""
    made = Api(Shell(tmp_path, Steps()))
    yield made
    made.close()


def test_questions_have_one_connection(engine: Engine, api: Api) -> None:
    engine.answers = [(200, b'[{"ID": "a"}]'), (200, b"null"), (201, b'{"ID": "b"}'), (204, b"")]
    assert api.get("/services", {"label": ["a=b"]}) == [{"ID": "a"}]
    assert api.get("/tasks") is None
    assert api.post("/services/create", {"Name": "web"}, version="3") == {"ID": "b"}
    assert api.delete("/services/b")
    assert engine.connections == 1
    assert [one[:2] for one in engine.asked] == [
        ("GET", "/v1.44/services?filters=%7B%22label%22%3A+%5B%22a%3Db%22%5D%7D"), ("GET", "/v1.44/tasks"),
        ("POST", "/v1.44/services/create?version=3"), ("DELETE", "/v1.44/services/b"),
    ]  # fmt: skip
    assert json.loads(engine.asked[2][2]) == {"Name": "web"}


def test_what_an_engine_refuses_is_told_by_its_status(engine: Engine, api: Api) -> None:
    engine.answers = [
        (404, b'{"message": "service a not found"}'), (404, b'{"message": "gone"}'), (409, b'{"message": "taken"}'),
        (500, b'{"message": "rpc error: update out of sequence"}'), (400, b"no JSON"),
    ]  # fmt: skip
    assert api.find("/services/a") is None
    assert not api.delete("/services/a")
    for told in ("is_taken", "is_out_of_sequence"):
        with pytest.raises(Refused) as refused:
            api.post("/x", {})
        assert getattr(refused.value, told)
        assert not refused.value.is_missing
    with pytest.raises(Refused, match="no JSON"):
        api.post("/x", {})


def test_a_question_that_breaks_off_is_asked_again(engine: Engine, api: Api) -> None:
    engine.answers = [None, (200, b"1")]
    assert api.get("/x") == 1
    assert engine.connections == 2


def test_an_answer_that_breaks_off_in_the_middle_is_none(engine: Engine, api: Api) -> None:
    part = (200, Part(b'{"a": '))
    engine.answers = [part, (200, b"1"), part, part, part, part]
    assert api.get("/x") == 1
    with pytest.raises(Away):
        api.get("/x")
    with pytest.raises(Away):
        api.post("/x", {})
    with pytest.raises(Away), api.stream("/x") as answer:
        answer.read()


def test_what_answers_without_being_an_engine_is_said_to_be_none(engine: Engine, api: Api) -> None:
    engine.answers = [(200, b"<html>")] * 3
    for ask in (api.get, api.post):
        with pytest.raises(Away, match=r"no engine: it says '<html>'.*docker version"):
            ask("/x")


def test_nobody_knows_whether_what_broke_off_was_done(engine: Engine, api: Api) -> None:
    engine.answers = [None, (200, b"1")]
    with pytest.raises(Away, match="The engine cannot be asked"):
        api.post("/x", {})
    assert len(engine.asked) == 1
    assert api.get("/x") == 1


def test_a_swarm_without_a_leader_is_asked_until_it_has_one(engine: Engine, api: Api) -> None:
    away = (500, b'{"message": "rpc error: The swarm does not have a leader."}')
    engine.answers = [away, away, away, (200, b"1"), away]
    assert api.get("/x") == 1
    with pytest.raises(Away):
        api.post("/x", {})


def test_a_manager_that_is_silent_while_there_is_no_leader_is_asked_again(
    engine: Engine, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, ping = Hanging(threading.Event()), (200, b"OK")
    engine.answers = Later([silent, ping, silent, ping, (200, b"1")])
    monkeypatch.setattr(Api._ask, "__defaults__", (None, None, Limit(1)))
    assert api.get("/x") == 1
    silent.until.set()
    assert [path for _, path, _ in engine.asked] == [f"/v1.44{one}" for one in ("/x", "/_ping", "/x", "/_ping", "/x")]


def test_what_nobody_knows_to_be_removed_is_removed_again_and_was_if_it_is_gone(engine: Engine, api: Api) -> None:
    gone = (404, b'{"message": "gone"}')
    engine.answers = [None, gone, gone, (500, b'{"message": "The swarm does not have a leader."}'), (204, b"")]
    assert [api.delete("/configs/a") for _ in range(3)] == [True, False, True]


def test_an_engine_that_hangs_is_not_waited_for(engine: Engine, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACT", Limit(0.2))
    hangs = threading.Event()
    engine.answers = Hanging(hangs)
    with pytest.raises(Away, match="it did not answer in time"):
        api.post("/x", {})
    hangs.set()


class Later(list[Any]):
    """Answers of which some come late."""

    def pop(self, index: Any = -1) -> Any:
        """Wait for one that does."""
        found = super().pop(index)
        return found.pop() if isinstance(found, Hanging) else found


class Hanging(list[tuple[int, bytes] | None]):
    """Answers that come late."""

    def __init__(self, until: threading.Event) -> None:
        super().__init__()
        self.until = until

    def pop(self, index: object = -1) -> tuple[int, bytes]:
        """Wait."""
        self.until.wait(30)
        return 200, b"1"


def test_without_an_engine_the_clients_own_words_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'dial unix /run/docker.sock: no such file' >&2\nexit 1\n")
    api = Api(Shell(tmp_path, Steps()))
    with pytest.raises(Away, match=r"no such file(.|\n)*docker version"):
        api.get("/x")


def test_both_streams_of_a_log_are_told_apart(engine: Engine, api: Api) -> None:
    engine.answers = [(200, FRAMES), (200, FRAMES)]
    assert logs.read(api, "job") == ("out\n", "err\n")
    shown: list[tuple[int, str]] = []
    logs.follow(api.another(), "job", lambda stream, line: shown.append((stream, line)))
    assert shown == [(logs.OUT, "out"), (logs.ERR, "err")]
