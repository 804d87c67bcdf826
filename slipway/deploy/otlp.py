"""What a deployment has shown, as logs of OpenTelemetry: OTLP over HTTP, in JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp; its JSON is protobuf's, with numbers of 64 bits as texts and enums
as numbers.
"""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from slipway import __version__
from slipway.deploy.ledger import Entry, Outcome

SECONDS = 5.0  # for all of it, a name that has to be looked up included
INFO, ERROR = (9, "INFO"), (17, "ERROR")  # SeverityNumber, and its text
LARGEST = 65_536  # bytes of an answer that are read


@dataclass(frozen=True)
class Origin:
    """Whose logs they are: the service's name and version ("" when nobody knows), and the environment."""

    name: str
    version: str
    environment: str


def request(of: Origin, entry: Entry, lines: Iterable[tuple[int, str]]) -> bytes:
    """Return the ExportLogsServiceRequest of lines, each with its time in nanoseconds."""
    number, text = INFO if entry.outcome == Outcome.LIVE else ERROR
    named = {"slipway.by": entry.by, "slipway.release": entry.release, "slipway.outcome": entry.outcome}
    about = attributes(named)
    records = [
        {
            "timeUnixNano": str(at), "observedTimeUnixNano": str(at), "severityNumber": number, "severityText": text,
            "body": {"stringValue": line}, "attributes": about,
        }
        for at, line in lines
    ]  # fmt: skip
    resource = {
        "service.name": of.name, "service.version": of.version, "deployment.environment.name": of.environment,
    }  # fmt: skip
    scope = {"scope": {"name": "slipway", "version": __version__}, "logRecords": records}
    logs = {"resourceLogs": [{"resource": {"attributes": attributes(resource)}, "scopeLogs": [scope]}]}
    return json.dumps(logs).encode()


def attributes(named: dict[str, str]) -> list[dict[str, object]]:
    """Return attributes as KeyValues, without those that nobody knows."""
    return [{"key": name, "value": {"stringValue": value}} for name, value in named.items() if value]


def headers(given: str) -> dict[str, str]:
    """Read OTEL_EXPORTER_OTLP_HEADERS: name=value with commas between, percent-encoded; raises ValueError.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
    """
    found = {}
    for pair in filter(None, (one.strip() for one in given.split(","))):
        name, separator, value = pair.partition("=")
        if not (separator and name.strip()):
            raise ValueError
        found[unquote(name.strip())] = unquote(value.strip())
    return found


def secrets(given: str) -> list[str]:
    """Return what of the headers is never shown."""
    try:
        return [one for one in (given, *headers(given).values()) if one]
    except ValueError:
        return [given]


def send(endpoint: str, given: str, body: bytes) -> str:
    """Send logs, with these headers; return why that failed, "" when it didn't."""
    said: list[str] = []
    sender = threading.Thread(target=lambda: said.append(_sent(endpoint, given, body)), daemon=True)
    sender.start()
    sender.join(SECONDS)
    return said[0] if said else f"{endpoint} did not answer in {SECONDS:.0f} s"


def _sent(endpoint: str, given: str, body: bytes) -> str:
    try:
        address = urlsplit(endpoint)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=SECONDS)
        try:
            path = f"{address.path.rstrip('/')}/v1/logs"
            connection.request("POST", path, body, {**headers(given), "Content-Type": "application/json"})
            answer = connection.getresponse()
            return _judged(endpoint, answer.status, answer.read(LARGEST))
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        return f"{endpoint}: {getattr(error, 'strerror', None) or error or type(error).__name__}"
    except ValueError:  # which would show it
        return "OTEL_EXPORTER_OTLP_HEADERS is not name=value,name=value, percent-encoded"


def _judged(endpoint: str, status: int, answer: bytes) -> str:
    # Status 200 also says how many were rejected, and why.
    if not 200 <= status < 300:
        return f"{endpoint} answers {status}"
    try:
        rejected = json.loads(answer or b"{}").get("partialSuccess", {}).get("rejectedLogRecords", 0)
        return f"{endpoint} rejected {int(rejected)} of the lines" if int(rejected) else ""
    except (ValueError, TypeError, AttributeError):  # protobuf, or nothing: it took them
        return ""
