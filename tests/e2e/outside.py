"""What is tried from outside on a production, whatever that runs on: one engine or a Swarm."""

import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx2

from tests.e2e import attacks, repeated
from tests.e2e.attacks import Attack, Target, attack
from tests.e2e.load import Load, under_load
from tests.e2e.production import after
from tests.e2e.support import commit
from tests.support import PATIENT, Checkout, wait_for

log = logging.getLogger(__name__)

GATEWAYS = "172.16.0.0/12, 192.168.0.0/16, 10.0.0.0/8"  # where this machine comes from, to a container
RATE = 50  # requests a second of those who mean well
# How often a second, how often in all in the short run and in the long one, and what is answered.
Kind = tuple[Attack, float, int, int, set[str]]
ATTACKS: list[Kind] = [
    (attacks.malformed, 4, 12, 80, {"400"}),
    (attacks.given_up, 4, 12, 80, {""}),
    (attacks.cut_off, 4, 12, 80, {"400"}),
    (attacks.too_large, 4, 4, 40, {"413"}),
    (attacks.slow_upload, 10, 10, 100, {"200"}),
    (attacks.slow_head, 100, 200, 200, {""}),
    (attacks.stalled, 100, 200, 4000, {"429", "waits", "408"}),
]
OVER_HTTP2: list[Kind] = [
    (attacks.given_up_http2, 4, 12, 80, {"curl 28"}),
    (attacks.stalled_http2, 2, 2, 20, {"429", "waits", "408"}),
]
SAID = {
    "X-Forwarded-For": "192.0.2.1, 203.0.113.9", "X-Forwarded-Proto": "https", "X-Request-ID": "from-outside",
    "X-Real-IP": "192.0.2.1", "Forwarded": "for=192.0.2.1",
}  # fmt: skip


def open_to_all(docker: Checkout) -> Checkout:
    """Give the clone the endpoints of the tests as well."""
    shutil.copy(Path(__file__).parent / "endpoints.py", docker.root / "app/endpoints.py")
    docker.edit("app/main.py", "from app import docs, health", "from app import docs, endpoints, health")
    docker.edit(
        "app/main.py", "    app.include_router(health.router)",
        "    app.include_router(endpoints.router)\n    app.include_router(health.router)",
    )  # fmt: skip
    repeated.name_endpoints(docker)
    docker.edit("pyproject.toml", "settle = 1\n", "settle = 1\ndrain = 60\n")  # longer than all that is open
    commit(docker, "Add what the tests ask for")
    return docker


def figures(what: str, load: Load, since: int, answers: object) -> None:
    """Say how those who mean well fared (--log-cli-level=INFO); not judged, as a machine has other things to do."""
    sent = len(load.latencies) - since
    shares = [round(load.percentile(share, since), 3) for share in (0.5, 0.99, 1)]
    log.info("%s: %s; of %d requests beside it: median, p99, slowest %s s", what, answers, sent, shares)


def they_are_harmless(at: Target, load: Load, kinds: Sequence[Kind], long: bool, errors: Callable[[], str]) -> None:
    """Attack in each of these ways, and check what is answered; none of those who mean well may notice."""
    for kind, rate, few, many, expected in kinds:
        before = len(load.latencies)
        found = attack(kind, at, rate, many if long else few)
        after(load, RATE)
        figures(kind.__name__, load, before, dict(found))
        assert set(found) <= (expected | {""} if at.trust else expected), kind
        assert load.failed == [], f"{kind.__name__}: {load.failed[:3]} {errors()}"
        assert kind is not attacks.stalled or found["429"]


def attacked_until_it_ends(process: "subprocess.Popen[str]", at: Target) -> str:
    """Attack while a deployment is at work, which has to succeed; return what it says."""
    while process.poll() is None:
        attack(attacks.malformed, at, 5, 5)
        attack(attacks.given_up, at, 5, 5)
    last, _ = process.communicate()
    assert process.returncode == 0, last
    return str(last)


def each_ends_one_worker(base: str, headers: dict[str, str], kind: Attack, count: int, died: Callable[[], int]) -> None:
    """Ask so often for what ends a worker: no more of them die, and nobody fails who was not with one of those."""
    at = Target(base)
    with under_load(base, headers, RATE) as load:
        for ended in range(1, count + 1):
            assert attack(kind, at, 1, 1) == {"502": 1}
            wait_for(lambda ended=ended: died() == ended)  # type: ignore[misc]
        after(load, RATE)
    figures(kind.__name__, load, 0, f"{len(load.failed)} failed beside the {count} that end a worker")
    assert died() == count
    # Only what a worker had taken when it died; on a slow machine that is more.
    assert load.moments() <= count, load.failed[:5]
    assert all(one.startswith("502") for one in load.failed), load.failed[:5]


def one_with_a_key_ends_two(base: str, died: Callable[[], int]) -> None:
    """Ask with a key for what ends a worker: it is sent once more, and no further."""
    before = died()
    assert repeated.post(base, "/tests/exit", repeated.key()) == 502
    wait_for(lambda: died() >= before + 2)
    assert died() == before + 2


def seen(base: str) -> dict[str, str]:
    """Return what the service sees of somebody who says who they are."""
    told: dict[str, str] = httpx2.get(f"{base}/tests/client", headers=SAID, timeout=PATIENT).json()
    return told


def nobody_is_believed(base: str) -> None:
    """Say to a production without trusted proxies who one is."""
    found = seen(base)
    assert found["x-forwarded-for"] == found["client"] != "203.0.113.9"
    assert found["url"].startswith("http://")
    assert not found.keys() & {"x-request-id", "x-real-ip", "forwarded"}


def a_proxy_is_believed(base: str) -> None:
    """Say it as a trusted proxy, of clients that may fail to log in three times."""

    def log_in(client: str, number: int) -> int:
        headers = {"X-Forwarded-For": f"192.0.2.{number}, {client}"}
        form = {"username": f"{client}-{number}@example.com", "password": "wrong horse"}
        return httpx2.post(f"{base}/users/token", data=form, headers=headers, timeout=PATIENT).status_code

    found = seen(base)
    assert (found["client"], found["x-forwarded-for"]) == ("203.0.113.9", "203.0.113.9")
    assert found["url"].startswith("https://")
    assert found["x-request-id"] == "from-outside"
    # Whoever writes another first address each time is the same client; another client is none of his.
    assert [log_in("203.0.113.9", number) for number in range(5)] == [401, 401, 401, 429, 429]
    assert log_in("203.0.113.10", 1) == 401
