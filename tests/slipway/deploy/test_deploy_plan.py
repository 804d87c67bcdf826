"""A deployment before anything is done: what it means, what is said of it."""

import base64
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slipway.deploy.compose.lock import EngineLock, since, spelled
from slipway.deploy.compose.release import RELEASE, Release, grouped, new_release
from slipway.deploy.recover import GOOD, STRAY, UNKNOWN, judged
from slipway.deploy.run import Facts, Options, is_nothing, planned
from slipway.deploy.settings import difference, hashed
from slipway.deploy.source import Candidate, described, in_registry, on_engine, pinned
from slipway.deploy.switch import ROLLED_BACK
from slipway.engine import registry
from tests.conftest import ROOT
from tests.slipway.deploy.test_ledger import entry
from tests.slipway.engine.test_containers import container

SETTINGS = {"LOG_FORMAT": "1", "SECRET": "2"}


def web(release: str, status: str = "healthy", running: bool = True) -> dict[str, Any]:
    """Make what `docker inspect` says of a release's container."""
    labels = {RELEASE: release, "dev.slipway.schema": "0002"}
    config = {"Image": f"shop:{release}", "Labels": labels}
    return {
        **container(status, running),
        "Name": f"/shop-{release}",
        "Image": f"sha256:shop:{release}",
        "Config": config,
    }


@pytest.fixture
def facts() -> Facts:
    """Give what there is when nothing has changed since release `a` was deployed."""
    image = Candidate("shop:a", "sha256:shop:a", "", {}, "65532")
    state: dict[str, Any] = {"at": ["0002"], "apply": [], "waiting": [], "pending": [], "sizes": {}, "refused": ""}
    return Facts(
        live=Release("a", (web("a"),)), entries=(entry("a", settings=SETTINGS),), database=True, reference="shop:a",
        image=image, schema=state, salt="s", settings=SETTINGS, same=True, proxy="", caddyfile=("text", "text"),
    )  # fmt: skip


def test_without_a_change_there_is_nothing_to_do_unless_told(facts: Facts) -> None:
    assert is_nothing(facts, Options())
    assert not is_nothing(facts, Options(force=True))
    assert not is_nothing(facts, Options(scale=2))


@pytest.mark.parametrize(
    "change",
    [
        {"live": None},
        {"live": Release("a", (web("a", "unhealthy"),))},
        {"live": Release("a", (web("a", running=False),))},
        {"entries": ()},
        {"image": None},
        {"image": Candidate("shop:a", "sha256:another", "", {}, "")},
        {"settings": {**SETTINGS, "NEW": "3"}},
        {"same": False},
        {"proxy": "recreate"},
        {"database": False},
        {"caddyfile": ("before", "after")},
        {"schema": {"apply": ["0003"]}},
    ],
)
def test_any_change_is_something_to_do(facts: Facts, change: dict[str, Any]) -> None:
    assert not is_nothing(replace(facts, **change), Options())


def test_a_plan_names_what_changes_and_no_value(facts: Facts) -> None:
    state = {**(facts.schema or {}), "apply": ["0003"], "waiting": ["0004"], "sizes": {"posts": {}}}
    changed = replace(
        facts, reference="shop:b", settings={"LOG_FORMAT": "9", "NEW": "3"}, schema=state, caddyfile=("before", "after")
    )
    lines = dict(planned(changed, Options(scale=2, bake=30)))

    assert lines == {
        "now": "shop:a",
        "then": "shop:b",
        "replicas": "1 -> 2",
        "settings": "new NEW; changed LOG_FORMAT; gone SECRET",
        "schema": "at 0002: applies 0003; 0004 waits for --contract",
        "proxy": "takes the changed Caddyfile; connections that are idle are closed",
        "steps": "back up, migrate, start the release beside the old one, ready, smoke test, switch, watch for 30 s, "
        "stop the old one",
    }


def test_a_first_deployment_starts_all(facts: Facts) -> None:
    first = replace(
        facts, live=None, entries=(), database=False, image=None, schema=None, proxy="start", caddyfile=("", "t")
    )
    lines = dict(planned(first, Options()))

    assert lines["now"] == "nothing is live"
    assert lines["then"] == "shop:a, to be built or pulled"
    assert (
        lines["steps"] == "start the database, migrate, start the proxy, start the release, ready, smoke test, switch"
    )


def test_what_is_live_already_stays_when_only_the_proxy_changes(facts: Facts) -> None:
    changed = replace(facts, caddyfile=("before", "after"))
    assert dict(planned(changed, Options()))["steps"] == "tell the proxy, the release stays"
    gone = replace(facts, proxy="start", database=False)
    assert dict(planned(gone, Options()))["steps"] == "start the database, start the proxy, the release stays"
    assert planned(facts, Options())[0][0] == "nothing"


@pytest.mark.parametrize(
    ("release", "live", "outcomes", "is_a"),
    [
        ("b", "b", {"b": "live"}, GOOD),
        ("a", "b", {"a": "live", "b": "live"}, GOOD),
        ("b", "a", {"a": "live", "b": "live"}, GOOD),  # after a rollback
        ("b", "a", {"a": "live", "b": "flipped back"}, STRAY),
        ("b", "a", {"a": "live"}, STRAY),  # killed before it switched
        ("a", "", {}, STRAY),  # the first
        ("a", "a", {}, UNKNOWN),  # killed before it said so
        ("a", "b", {"b": "live"}, UNKNOWN),  # the ledger was lost
    ],
)
def test_what_a_release_is_when_its_deployment_was_killed(
    release: str, live: str, outcomes: dict[str, str], is_a: str
) -> None:
    assert judged(release, live, [entry(name, outcome=outcome) for name, outcome in outcomes.items()]) == is_a


def test_what_is_stopped_is_said_to_be(facts: Facts) -> None:
    stopped = replace(facts, live=Release("a", (web("a", running=False),)))
    assert dict(planned(stopped, Options()))["now"] == "shop:a, which does not run"


def test_difference_names_and_never_shows() -> None:
    assert difference(SETTINGS, SETTINGS) == ""
    assert hashed("salt", "SECRET", "value") != hashed("other salt", "SECRET", "value")
    assert hashed("salt", "SECRET", "value") != hashed("salt", "OTHER", "value")
    assert "value" not in hashed("salt", "SECRET", "value")


@pytest.mark.parametrize(
    ("tag", "repository", "remote", "local"),
    [
        ("1.2.3", "localhost:5000/shop", "localhost:5000/shop:1.2.3", "shop:1.2.3"),
        ("1.2.3", "", "", "shop:1.2.3"),
        ("shop:1.2.3", "localhost:5000/shop", "", "shop:1.2.3"),
        ("sha256:1", "localhost:5000/shop", "", "sha256:1"),
        ("ghcr.io/team/shop:1", "localhost:5000/shop", "ghcr.io/team/shop:1", "ghcr.io/team/shop:1"),
        ("a.b/shop@sha256:1", "", "a.b/shop@sha256:1", "a.b/shop@sha256:1"),
    ],
)
def test_what_a_tag_means(tag: str, repository: str, remote: str, local: str) -> None:
    assert in_registry(tag, repository) == remote
    assert on_engine(tag, "shop") == local


def test_a_reference_is_pinned_by_its_digest_and_keeps_its_tag() -> None:
    assert pinned("a.b:5000/shop:1.2.3", "sha256:1") == "a.b:5000/shop:1.2.3@sha256:1"
    assert pinned("a.b:5000/shop:1.2.3@sha256:0", "sha256:1") == "a.b:5000/shop:1.2.3@sha256:1"
    assert registry.name("a.b:5000/shop:1.2.3@sha256:1") == "a.b:5000/shop"
    assert registry.tag("a.b:5000/shop:1.2.3@sha256:1") == "1.2.3"
    assert registry.tag("a.b:5000/shop") == ""
    assert registry.plain("a.b:5000/shop:1.2.3@sha256:1") == "a.b:5000/shop@sha256:1"
    assert registry.plain("shop:1.2.3") == "shop:1.2.3"


def test_an_image_is_described_by_what_the_engine_says() -> None:
    config = {"Labels": {"dev.slipway.schema": "0002"}, "User": ""}
    found = described("shop:1", {"Id": "sha256:1", "RepoDigests": ["localhost/shop@sha256:2"], "Config": config})
    assert found == Candidate("shop:1", "sha256:1", "sha256:2", {"dev.slipway.schema": "0002"}, "0")
    assert found.schema == "0002"
    assert (
        described("a/shop:1@sha256:3", {"Id": "1", "RepoDigests": ["b/shop@sha256:2"], "Config": {}}).digest
        == "sha256:3"
    )
    assert described("shop:1", {"Id": "1", "Config": {"User": "app"}}) == Candidate("shop:1", "1", "", {}, "app")


def test_releases_are_grouped_and_no_two_have_one_name() -> None:
    database: dict[str, Any] = {"Config": {"Labels": {}}}
    found = grouped([web("b"), web("a"), database, web("b", running=False)])
    assert [(one.id, len(one.containers), one.running, one.healthy) for one in found.values()] == [
        ("a", 1, True, True), ("b", 2, True, False),
    ]  # fmt: skip
    assert found["a"].host == "web-a"
    now = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC).timestamp()
    assert new_release([], now) == "20261124t235959"
    assert new_release(["20261124t235959"], now) == "20261125t000000"


def test_an_age_is_for_people() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
    assert spelled(since("2026-11-24T11:59:18.123456789Z", now)) == "42 s"
    assert spelled(since("2026-11-24T11:48:00Z", now)) == "12 min"
    assert spelled(since("2026-11-24T02:00:00Z", now)) == "10 h"
    assert since("2026-11-24T12:00:05Z", now) == 0  # clocks differ


def test_the_lock_is_a_container_that_lives_by_its_input() -> None:
    command = EngineLock("shop-lock", "caddy:2", "ann@here", "shop_deployment").command()
    assert command[:7] == ["docker", "run", "--rm", "--interactive", "--name", "shop-lock", "--network"]
    assert "shop_deployment:/deployment" in command
    assert command[-4:] == ["sh", "caddy:2", "-c", "echo held $(cat /etc/hostname); exec cat"]
    assert "--volume" not in EngineLock("shop-lock", "caddy:2", "ann@here").command()


# What is done beside the deployment's files


def script(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a function of deployment.sh in a folder."""
    text = (ROOT / "slipway/deploy/compose/deployment.sh").read_text()
    command = ["sh", "-ec", text, "sh", *words]
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, str]:
    """Return the files of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_who_renames_first_decides(tmp_path: Path) -> None:
    assert script(tmp_path, "switch", "web-a", "", given="1\n").returncode == 0
    assert files(tmp_path) == {"live": "web-a", "releases.jsonl": "1\n"}
    assert script(tmp_path, "back", "ann").returncode == 1
    assert script(tmp_path, "switch", "web-b", "web-a", given="2\n").returncode == 0
    assert files(tmp_path) == {"live": "web-b", "previous": "web-a", "releases.jsonl": "1\n2\n"}

    back = script(tmp_path, "back", "ann")
    assert (back.returncode, back.stdout) == (0, "web-a")
    assert files(tmp_path) == {"live": "web-a", "flipped": "ann", "releases.jsonl": "1\n2\n"}
    assert script(tmp_path, "seal").returncode == ROLLED_BACK
    script(tmp_path, "clear")

    script(tmp_path, "switch", "web-c", "web-a", given="3\n")
    assert script(tmp_path, "seal").returncode == 0
    assert script(tmp_path, "back", "ann").returncode == 1
    assert files(tmp_path) == {"live": "web-c", "releases.jsonl": "1\n2\n3\n"}


def test_files_are_written_whole_and_read_whatever_is_in_them(tmp_path: Path) -> None:
    script(tmp_path, "put", "Caddyfile", given="a\n\tb 'c' \"d\" $e\n\n")
    (tmp_path / "empty").touch()
    said = script(tmp_path, "get", "missing", "Caddyfile", "empty").stdout.split()
    assert [said[0], base64.b64decode(said[1][1:]).decode(), said[2]] == ["-", "a\n\tb 'c' \"d\" $e\n\n", "="]


def test_a_switch_that_was_given_up_cannot_come_late(tmp_path: Path) -> None:
    script(tmp_path, "switch", "web-a", "", given="1\n")
    assert script(tmp_path, "fence", "web-b").returncode == 0
    assert script(tmp_path, "switch", "web-b", "web-a", given="2\n").returncode != 0
    assert files(tmp_path) == {"live": "web-a", "releases.jsonl": "1\n"}

    script(tmp_path, "switch", "web-c", "web-a", given="3\n")
    assert script(tmp_path, "fence", "web-c").returncode == 0  # it was made: to be gone back from
    assert files(tmp_path)["live"] == "web-c"
    script(tmp_path, "back", "")
    script(tmp_path, "clear")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert script(tmp_path, "switch", "web-c", "web-a", given="4\n").returncode == 0


def test_a_line_that_was_cut_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    for line in ("1\n", "2", "3\n"):
        script(tmp_path, "record", given=line)
    assert (tmp_path / "releases.jsonl").read_text() == "1\n2\n3\n"


def test_the_ledger_is_cut_when_it_is_twice_too_long(tmp_path: Path) -> None:
    (tmp_path / "releases.jsonl").write_text("".join(f"{n}\n" for n in range(6)))
    script(tmp_path, "trim", "3")
    assert (tmp_path / "releases.jsonl").read_text().count("\n") == 6
    script(tmp_path, "record", given="6\n")
    script(tmp_path, "trim", "3")
    assert (tmp_path / "releases.jsonl").read_text() == "4\n5\n6\n"


def test_secrets_are_one_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "OLD").write_text("a secret of before")
    user = str(folder.stat().st_uid)
    filled = script(folder, "fill", user, given="A YSAkIGIKYw==\nB Yg==\n")
    assert filled.returncode == 0, filled.stderr
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {"A": 0o400, "B": 0o400}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o500
    assert (folder / "A").read_text() == "a $ b\nc"
