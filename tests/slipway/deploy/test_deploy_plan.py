"""A deployment before anything is done: what it means, what is said of it."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.deploy.facts import Facts, Options, is_nothing, scale
from slipway.deploy.plan import rows
from slipway.deploy.source import Candidate
from slipway.runtime.bring_over import Role
from slipway.schema.answers import Size, State
from tests.slipway.deploy.support import SETTINGS, a_release, entry, web

STATE = State(at=("0002",))


@pytest.fixture
def facts() -> Facts:
    """Give what there is when nothing has changed since release `a` was deployed."""
    image = Candidate("shop:a", "sha256:shop:a", "")
    return Facts(
        live=a_release("a"), entries=(entry("a", settings=SETTINGS),), database=True, reference="shop:a",
        image=image, schema=STATE, salt="s", settings=SETTINGS, same=True, proxy="", configuration=("text", "text"),
    )  # fmt: skip


def test_without_a_change_there_is_nothing_to_do_unless_told(facts: Facts) -> None:
    assert is_nothing(facts, Options())
    assert not is_nothing(facts, Options(force=True))
    assert not is_nothing(facts, Options(scale=2))


def test_there_are_as_many_as_there_were_when_nothing_is_live_any_more(facts: Facts) -> None:
    (one,) = facts.entries
    entries = (replace(one, scale=3), replace(one, release="b", scale=7, outcome="failed"))
    assert scale(replace(facts, live=None, entries=entries), Options()) == 3
    assert scale(replace(facts, live=None, entries=entries), Options(scale=2)) == 2
    assert scale(replace(facts, live=None, entries=()), Options()) == 1
    assert ("replicas", "0 -> 3") in rows(replace(facts, live=None, entries=entries), Options())


@pytest.mark.parametrize(
    "change",
    [
        {"live": None},
        {"live": a_release("a", web("a", "unhealthy"))},
        {"live": a_release("a", web("a", running=False))},
        {"entries": ()},
        {"image": None},
        {"image": Candidate("shop:a", "sha256:another", "")},
        {"settings": {**SETTINGS, "NEW": "3"}},
        {"same": False},
        {"proxy": "recreate"},
        {"database": False},
        {"configuration": ("before", "after")},
        {"schema": replace(STATE, apply=("0003",))},
        {"role": Role.BEFORE},
        {"role": Role.BETWEEN},
    ],
)
def test_any_change_is_something_to_do(facts: Facts, change: dict[str, Any]) -> None:
    assert not is_nothing(replace(facts, **change), Options())


def test_a_plan_names_what_changes_and_no_value(facts: Facts) -> None:
    state = replace(STATE, apply=("0003",), waiting=("0004",), sizes={"posts": Size(1)})
    changed = replace(
        facts,
        reference="shop:b",
        settings={"LOG_FORMAT": "9", "NEW": "3"},
        schema=state,
        configuration=("before", "after"),
    )
    lines = dict(rows(changed, Options(scale=2, bake=30)))

    assert lines == {
        "now": "shop:a",
        "then": "shop:b",
        "replicas": "1 -> 2",
        "settings": "new NEW; changed LOG_FORMAT; gone SECRET",
        "schema": "at 0002: applies 0003; 0004 waits for --contract",
        "proxy": "takes the changed Caddyfile; connections that are idle are closed",
        "steps": "back up, migrate, start the release beside the old one, ready, smoke test, tell the proxy, switch, "
        "watch for 30 s, let the old one finish, and stop it",
    }


def test_a_plan_says_in_one_line_why_clients_over_ipv6_share_an_address(facts: Facts) -> None:
    changed = replace(facts, same=False)
    assert "ipv6" not in dict(rows(changed, Options()))
    hidden = replace(changed, sharing="Docker Desktop hides theirs")
    said = dict(rows(hidden, Options()))["ipv6"]
    assert said == "clients share one address, and its wider limits: Docker Desktop hides theirs"
    assert is_nothing(replace(facts, sharing="Docker Desktop hides theirs"), Options())  # no reason to deploy


def test_the_service_gets_a_role_of_its_own_before_and_keeps_no_session_of_the_superusers(facts: Facts) -> None:
    lines = dict(rows(replace(facts, role=Role.BEFORE), Options()))
    assert lines["role"] == ("the service's is PostgreSQL's superuser: it becomes an ordinary one (docs/migrations.md)")
    assert lines["steps"] == (
        "give the service a role of its own, start the release beside the old one, ready, smoke test, switch, "
        "let the old one finish, and stop it, end the superuser's sessions"
    )
    for role in (Role.DONE, Role.OTHER):
        assert is_nothing(replace(facts, role=role), Options())


def test_a_database_that_runs_is_made_anew_when_told_alone(facts: Facts) -> None:
    changed, told = replace(facts, outdated=True), Options(recreate_database=True)
    assert is_nothing(changed, Options())
    assert "./inv deploy --recreate-database" in dict(rows(changed, Options()))["database"]
    assert "./inv deploy --recreate-database" in dict(rows(changed, Options(force=True)))["database"]
    assert dict(rows(changed, told))["database"].startswith("made anew")
    assert dict(rows(changed, told))["steps"] == "make the database's container anew, the release stays"
    assert is_nothing(facts, told)


def test_a_first_deployment_starts_all(facts: Facts) -> None:
    first = replace(
        facts, live=None, entries=(), database=False, image=None, schema=None, proxy="start", configuration=("", "t"),
        untold="the image is built",
    )  # fmt: skip
    lines = dict(rows(first, Options()))

    assert lines["now"] == "nothing is live"
    assert lines["then"] == "shop:a, to be built or pulled"
    assert lines["schema"] == "what is pending cannot be told before the image is built"
    assert lines["steps"] == (
        "start the database, back up and migrate if anything is pending, start the proxy, start the release, ready, "
        "smoke test, switch"
    )
    without = dict(rows(replace(first, untold=""), Options()))
    assert "schema" not in without
    assert "migrate" not in without["steps"]


def test_a_migration_without_a_backup_is_said_plainly(facts: Facts) -> None:
    pending = State(("0001",), ("0002",), apply=("0002",), sizes={"t": Size(1, 1)})
    changed, told = replace(facts, schema=pending), Options(no_backup=True)

    assert "back up, migrate" in dict(rows(changed, Options()))["steps"]
    assert "backup" not in dict(rows(changed, Options()))
    lines = dict(rows(changed, told))
    assert lines["backup"] == "NONE before the migration, as --no-backup says: what it loses is lost"
    assert lines["steps"].startswith("migrate, ")
    untold = dict(rows(replace(facts, schema=None, untold="the database runs", image=None), told))
    assert "NONE" in untold["backup"]
    assert untold["steps"].startswith("migrate if anything is pending, ")
    assert "backup" not in dict(rows(facts, replace(told, force=True)))  # nothing is pending
    empty = replace(changed, schema=replace(pending, sizes={}))
    assert "backup" not in dict(rows(empty, told))  # there was nothing to save


def test_what_is_live_already_stays_when_only_the_proxy_changes(facts: Facts) -> None:
    changed = replace(facts, configuration=("before", "after"))
    assert dict(rows(changed, Options()))["steps"] == "tell the proxy, the release stays"
    gone = replace(facts, proxy="start", database=False)
    assert dict(rows(gone, Options()))["steps"] == "start the database, start the proxy, the release stays"
    stopped = replace(facts, database=False, schema=None, untold="the database runs")
    assert dict(rows(stopped, Options())) == {
        "now": "shop:a",
        "then": "shop:a",
        "settings": "the release's are the same",
        "schema": "what is pending cannot be told before the database runs",
        "steps": "start the database, back up and migrate if anything is pending, the release stays",
    }
    assert rows(facts, Options())[0][0] == "nothing"


def test_a_change_of_the_proxy_or_of_the_containers_is_not_denied(facts: Facts) -> None:
    lines = dict(rows(replace(facts, proxy="recreate"), Options()))
    assert lines["settings"] == "the release's are the same"
    assert lines["proxy"].startswith("made anew, as its variables (DOMAIN, TRUSTED_PROXIES, ports, ...) or Compose")
    assert lines["steps"] == "make the proxy anew, the release stays"

    said = dict(rows(replace(facts, same=False), Options()))["settings"]
    assert said == (
        "the release's are the same; compose.yaml, compose.release.yaml, what they take from the settings, or "
        "somebody by hand has changed its containers"
    )


def test_what_is_stopped_is_said_to_be(facts: Facts) -> None:
    stopped = replace(facts, live=a_release("a", web("a", running=False)))
    assert dict(rows(stopped, Options()))["now"] == "shop:a, which does not run"
