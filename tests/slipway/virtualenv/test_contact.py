"""Offline is told soon, and only when it is sure."""

import socket
import time

import pytest

from slipway.virtualenv.contact import offline, places
from tests.support import free_port

OWN = "https://index.example/simple"


def test_indexes_and_proxies_are_asked_and_folders_are_not() -> None:
    assert places({}, OWN, {}) == [("index.example", 443)]
    more = {"index-url": "http://user:pass@mirror.example:8080/x", "extra-index-url": "file:///a https://two.example"}
    assert places(more, OWN, {}) == [("mirror.example", 8080), ("two.example", 443)]
    assert places({"index-url": "file:///opt/index"}, OWN, {"HTTPS_PROXY": "http://proxy.example:3128"}) == []
    assert places({"no-index": "1"}, OWN, {}) == []
    assert places({"proxy": "proxy.example:3128"}, OWN, {})[1:] == [("proxy.example", 3128)]
    assert places({}, OWN, {"https_proxy": "http://proxy.example:3128"})[1:] == [("proxy.example", 3128)]
    assert places({"index-url": "http://[bad"}, OWN, {}) == []


def test_one_that_answers_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not offline([("127.0.0.1", free_port()), ("127.0.0.1", server.getsockname()[1])], 0.2)


def test_where_nobody_listens_there_is_no_network() -> None:
    assert offline([("127.0.0.1", free_port())], 0.2) == "127.0.0.1: Connection refused"
    assert not offline([], 0.2)


@pytest.mark.parametrize(
    ("error", "seconds", "why"),
    [
        (socket.gaierror(-3, "Temporary failure"), 0.6, ""),
        (TimeoutError("timed out"), 0, ""),
        (ConnectionResetError(104, "reset"), 0, ""),
        (socket.gaierror(-3, "Temporary failure"), 0, "a: Temporary failure"),
        (OSError(101, "Network is unreachable"), 0, "a: Network is unreachable"),
    ],
    ids=["hangs", "late", "reset", "name", "network"],
)
def test_what_is_slow_or_cut_is_not_offline(
    monkeypatch: pytest.MonkeyPatch, error: OSError, seconds: float, why: str
) -> None:
    def fails(*_: object, **__: object) -> socket.socket:
        time.sleep(seconds)
        raise error

    monkeypatch.setattr(socket, "create_connection", fails)
    assert offline([("a", 443)], 0.2) == why


def test_a_name_that_is_known_a_moment_later_is_not_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tried = socket.create_connection, []

    def second(*given: object, **how: float) -> socket.socket:
        tried.append(given)
        if len(tried) == 1:
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return real(*given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", second)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not offline([("127.0.0.1", server.getsockname()[1])], 0.4)
    assert len(tried) == 2
