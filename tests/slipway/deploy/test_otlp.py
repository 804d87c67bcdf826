"""Logs of a deployment as OTLP over HTTP: protobuf's JSON, bounded in time, and nothing secret in what is said."""

import json
import socket
from typing import Any

import pytest

from slipway import __version__
from slipway.deploy import otlp
from slipway.deploy.otlp import Origin, headers, request, secrets, send
from tests.slipway.deploy.receiver import receiving
from tests.slipway.deploy.support import entry

OF = Origin("shop", "1.2.3", "prod")
LINES = [(1_764_000_000_123_456_789, "  switch     to web-b"), (1_764_000_001_000_000_000, 'ä "quoted" \\ line')]

# opentelemetry/proto/collector/logs/v1/logs_service.proto and what it is made of: the JSON names of fields, and how a
# value of each type is spelled. https://protobuf.dev/programming-guides/json/
VALUE = {"stringValue": str}
PAIR = {"key": str, "value": VALUE}
RECORD = {
    "timeUnixNano": "fixed64", "observedTimeUnixNano": "fixed64", "severityNumber": "enum", "severityText": str,
    "body": VALUE, "attributes": [PAIR],
}  # fmt: skip
REQUEST = {
    "resourceLogs": [
        {
            "resource": {"attributes": [PAIR]},
            "scopeLogs": [{"scope": {"name": str, "version": str}, "logRecords": [RECORD]}],
        }
    ]
}


def fits(value: Any, form: Any) -> None:
    """Assert that a JSON value is a message of a form, without a field that this doesn't have."""
    if isinstance(form, list):
        assert isinstance(value, list)
        for one in value:
            fits(one, form[0])
    elif isinstance(form, dict):
        assert isinstance(value, dict)
        assert value.keys() <= form.keys()
        for name, one in value.items():
            fits(one, form[name])
    elif form == "fixed64":  # a number of 64 bits is a text
        assert isinstance(value, str)
        assert 0 < int(value) < 2**64
    elif form == "enum":  # a number in OTLP, and not its name
        assert type(value) is int
    else:
        assert isinstance(value, form)


def pairs(attributes: list[dict[str, Any]]) -> dict[str, str]:
    """Return attributes by name."""
    return {one["key"]: one["value"]["stringValue"] for one in attributes}


def test_what_a_collector_gets_is_protobufs_json() -> None:
    with receiving() as collector:
        assert send(f"{collector.url}/", "api-key=a%20b%2Cc, tenant = me", request(OF, entry("b"), LINES)) == ""
    ((path, sent, body),) = collector.got
    assert (path, sent["Content-Type"]) == ("/v1/logs", "application/json")
    assert (sent["api-key"], sent["tenant"]) == ("a b,c", "me")
    fits(body, REQUEST)

    of: Any = body
    (logs,) = of["resourceLogs"]
    assert pairs(logs["resource"]["attributes"]) == {
        "service.name": "shop", "service.version": "1.2.3", "deployment.environment.name": "prod",
    }  # fmt: skip
    (scope,) = logs["scopeLogs"]
    assert scope["scope"] == {"name": "slipway", "version": __version__}
    assert [(one["timeUnixNano"], one["body"]["stringValue"]) for one in scope["logRecords"]] == [
        (str(at), line) for at, line in LINES
    ]
    about = {"slipway.by": "ann@here", "slipway.release": "b", "slipway.outcome": "live"}
    assert all(pairs(one["attributes"]) == about for one in scope["logRecords"])
    assert {(one["severityNumber"], one["severityText"]) for one in scope["logRecords"]} == {(9, "INFO")}


def test_what_failed_is_an_error_and_what_nobody_knows_is_left_out() -> None:
    body = json.loads(request(Origin("shop", "", "prod"), entry("b", outcome="flipped back"), LINES))
    fits(body, REQUEST)
    (logs,) = body["resourceLogs"]
    assert "service.version" not in pairs(logs["resource"]["attributes"])
    assert {one["severityNumber"] for one in logs["scopeLogs"][0]["logRecords"]} == {17}


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, b"", "answers 401"), (302, b"", "answers 302"), (503, b"<html>", "answers 503"),
        (200, b'{"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "x"}}', "rejected 2 of the lines"),
        (200, b'{"partialSuccess": {}}', ""), (200, b"", ""), (200, b"\x0a\x00", ""), (202, b"[]", ""),
    ],
    ids=["key", "moved", "away", "rejected", "none-rejected", "empty", "protobuf", "list"],
)  # fmt: skip
def test_what_it_answers_is_said_in_a_line(status: int, answer: bytes, said: str) -> None:
    with receiving(status=status, answer=answer) as collector:
        got = send(collector.url, "", request(OF, entry("b"), LINES))
    assert got == (said and f"{collector.url} {said}")


def test_one_that_never_answers_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "SECONDS", 0.3)
    with receiving(slow=True) as collector:
        said = send(collector.url, "", b"{}")
    assert said in (f"{collector.url} did not answer in 0 s", f"{collector.url}: timed out")


def test_one_that_is_not_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}", "", b"{}") == f"http://127.0.0.1:{port}: Connection refused"
    with receiving() as collector:
        assert "SSL" in send(collector.url.replace("http:", "https:"), "", b"{}")


def test_headers_are_read_as_the_specification_says() -> None:
    assert headers("Authorization=Basic%20YTpi==,x=a=b, , y = %C3%A4") == {
        "Authorization": "Basic YTpi==", "x": "a=b", "y": "ä",
    }  # fmt: skip
    assert headers("") == {}
    assert secrets("a=b%20c") == ["a=b%20c", "b c"]
    assert secrets("no header") == ["no header"]


@pytest.mark.parametrize("given", ["hush-hush", "=hush-hush", "key=hush%0Ahush", "key=hush%E2%82%AC"])
def test_headers_that_are_none_are_not_shown(given: str) -> None:
    with receiving() as collector:
        said = send(collector.url, given, b"{}")
    assert said == "OTEL_EXPORTER_OTLP_HEADERS is not name=value,name=value, percent-encoded"
    assert collector.got == []
