"""`inv rotate` on releases in memory: what is changed in which order, and what is taken back."""

from dataclasses import replace

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger, plan
from slipway.deploy.facts import Options, is_live
from slipway.deploy.run import Deployer
from slipway.deploy.settings import hashes
from slipway.project import rotation
from slipway.project.checkout import Checkout
from slipway.project.database import NAMES, PASSWORD
from slipway.project.settings import Settings
from slipway.runtime.environment import Environment
from slipway.runtime.release import NewRelease
from tests.slipway.deploy.in_memory import OneDatabase
from tests.slipway.deploy.support import MemoryReleases, a_release, entry, web

OLD, NEW = "old-and-long-enough", "new-and-long-enough"
KEY, OTHER_KEY = "k" * 16 + "0123456789abcdef", "l" * 16 + "0123456789abcdef"
ENV = (
    f"DATABASE_HOSTNAME=db\nDATABASE_PORT=5432\nDATABASE_NAME=shop\nDATABASE_USERNAME=shop\n{PASSWORD}={OLD}\n"
    f"KEY={KEY}\n"
)
SECRETS = {PASSWORD: 12, "KEY": 32, "KEY_NEXT": 32, "KEY_PREVIOUS": 32}


@pytest.fixture
def releases() -> MemoryReleases:
    """Give a deployment's releases: a is kept, b is live."""
    known = hashes({PASSWORD: OLD, "KEY": KEY}, "salt")
    first, second = (entry(one, settings=known) for one in ("a", "b"))
    there = MemoryReleases(given={PASSWORD: OLD, "KEY": KEY}).has(first, second)
    live, there.labels = web("b"), {"dev.slipway.accepts": " ".join(SECRETS)}
    there.there["b"] = a_release("b", replace(live, addresses=("172.18.0.5",), labels={**live.labels, **there.labels}))
    there.salted = "salt"
    return there


@pytest.fixture
def deploys(
    production: tuple[Checkout, Environment], releases: MemoryReleases, monkeypatch: pytest.MonkeyPatch
) -> Deployer:
    """Give what deploys to these releases a project with secrets and a database."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    checkout, environment = production
    root = checkout.root
    (root / ".env").write_text(ENV)
    (root / ".env.example").write_text(f"{ENV}# KEY_NEXT=\n# KEY_PREVIOUS=\n".replace(OLD, "").replace(KEY, ""))
    project = replace(checkout.project, secrets=SECRETS)
    settings = Settings(project, checkout.steps, lambda: True)
    environment = Environment("prod", environment.state, settings)
    return Deployer(replace(checkout, project=project), environment, OneDatabase(releases), 8000)


def options(deploys: Deployer, name: str) -> Options:
    """Return what is asked for: the next step of a secret's rotation."""
    values, new = deploys.environment.settings.values, NEW if name == PASSWORD else OTHER_KEY
    return Options(bake=0, rotation=rotation.step(name, values, lambda: new))


def done(deploys: Deployer, name: str) -> ledger.Entry:
    """Rotate a secret."""
    asked = options(deploys, name)
    return deploys.deploy(deploys.gather(asked), asked)


def text(deploys: Deployer) -> str:
    """Return what .env has."""
    return (deploys.checkout.root / ".env").read_text()


def database(deploys: Deployer) -> OneDatabase:
    """Return the deployment, whose database it is."""
    assert isinstance(deploys.deployment, OneDatabase)
    return deploys.deployment


def test_a_password_is_changed_while_the_release_of_before_is_let_in(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    made = done(deploys, PASSWORD)

    assert (made.what, made.image, made.outcome) == (f"rotate {PASSWORD}", "shop:b", "live")
    ours = ("admit", "change", "renew", "start", "switch", "stop", "dismiss")
    order = [one for one in releases.done if one.startswith(ours)]
    assert order == ["admit 172.18.0.5/32", "change", "renew", f"start {made.release}", "switch", "stop b", "dismiss"]
    assert releases.renewed == {PASSWORD: NEW}
    assert text(deploys) == ENV.replace(OLD, NEW)


def test_kept_releases_differ_from_the_new_one_by_nothing_that_was_rotated(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    made = done(deploys, PASSWORD)

    now = {one.release: one.settings[PASSWORD] for one in ledger.good(ledger.parse(releases.lines))}
    assert set(now) == {"a", "b", made.release}
    assert set(now.values()) == {made.settings[PASSWORD]}


def test_a_release_with_the_password_as_a_variable_is_not_kept(deploys: Deployer, releases: MemoryReleases) -> None:
    shown = replace(web("a", running=False), env=(f"URL=postgresql://shop:{OLD}@db/shop",))
    releases.there["a"] = a_release("a", shown)
    done(deploys, PASSWORD)
    assert "remove a" in releases.done


def test_a_password_that_the_database_did_not_take_is_in_no_file(deploys: Deployer, releases: MemoryReleases) -> None:
    database(deploys).refuses = ("change",)

    with pytest.raises(Problem, match=r"could not be changed .*: the database and \.env are as they were") as failed:
        done(deploys, PASSWORD)

    assert text(deploys) == ENV
    assert "let in by its address" not in str(failed.value.message)
    assert releases.done.count("dismiss") == 1
    assert not any(one.startswith(("renew", "start")) for one in releases.done)
    assert releases.pointed.release == "b"


@pytest.mark.parametrize(("refuses", "known"), [(("change", "check"), ""), (("change",), "good")])
def test_what_the_database_has_is_asked_when_that_is_not_clear(
    deploys: Deployer, releases: MemoryReleases, refuses: tuple[str, ...], known: str
) -> None:
    database(deploys).refuses, database(deploys).known = refuses, known
    if known:
        assert done(deploys, PASSWORD).outcome == "live"
    else:
        with pytest.raises(Problem, match=r"cannot be told .* --given"):
            done(deploys, PASSWORD)
    assert text(deploys) == ENV.replace(OLD, NEW)
    assert ("dismiss" in releases.done) is bool(known)


def test_a_release_that_fails_with_a_new_password_leaves_the_one_of_before_let_in(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    releases.becomes["shop:b"] = "unhealthy"

    with pytest.raises(Problem) as failed:
        done(deploys, PASSWORD)

    assert "let in by its address, until another one has replaced it: ./inv rotate" in str(failed.value.message)
    assert "dismiss" not in releases.done
    assert text(deploys) == ENV.replace(OLD, NEW)

    database(deploys).role, releases.becomes = "admitted", {}
    releases.images.add("shop:c")
    later = Options(tag="shop:c", bake=0)
    facts = deploys.gather(later)
    assert not is_live(facts, Options(tag="shop:b"))
    assert "let in nobody without the password" in dict(plan.rows(facts, later))["steps"]
    deploys.deploy(facts, later)
    assert releases.done[-1] == "dismiss"


def test_who_stops_it_is_told_the_command_of_production(
    deploys: Deployer, releases: MemoryReleases, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.fails["switch"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        done(deploys, PASSWORD)
    assert f"another one has replaced it: ./inv rotate --prod {PASSWORD}" in capsys.readouterr().err


def test_nothing_is_changed_where_the_live_release_cannot_be_let_in(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    database(deploys).refuses = ("admit",)
    with pytest.raises(Problem, match="Nothing was changed"):
        done(deploys, PASSWORD)
    assert text(deploys) == ENV
    assert "change" not in releases.done


def test_a_key_is_in_the_file_only_while_a_release_with_it_is_live(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.becomes["shop:b"] = "unhealthy"
    with pytest.raises(Problem) as failed:
        done(deploys, "KEY")
    assert ".env is as it was" in str(failed.value.message)
    assert text(deploys) == ENV

    releases.becomes = {}
    made = done(deploys, "KEY")
    assert text(deploys) == f"{ENV}KEY_NEXT={OTHER_KEY}\n"
    assert set(made.settings) == {PASSWORD, "KEY", "KEY_NEXT"}
    assert not any(one.startswith(("admit", "change", "renew", "dismiss")) for one in releases.done)


def test_a_key_goes_no_further_than_one_step_before_what_is_live(deploys: Deployer, releases: MemoryReleases) -> None:
    done(deploys, "KEY")
    releases.given |= {"KEY_NEXT": OTHER_KEY}  # as .env has it now
    deploys.environment.settings.change({"KEY": OTHER_KEY, "KEY_NEXT": None, "KEY_PREVIOUS": KEY})  # and was killed
    releases.given = {PASSWORD: OLD, "KEY": OTHER_KEY, "KEY_PREVIOUS": KEY}

    with pytest.raises(Problem, match=r"KEY, KEY_NEXT, KEY_PREVIOUS: \.env has another value .* \./inv deploy"):
        done(deploys, "KEY")

    assert f"KEY_PREVIOUS={KEY}" in text(deploys)


def test_the_last_step_tells_since_when_the_new_key_signs(deploys: Deployer, releases: MemoryReleases) -> None:
    deploys.environment.settings.change({"KEY_PREVIOUS": OTHER_KEY})
    known = hashes({PASSWORD: OLD, "KEY": KEY, "KEY_PREVIOUS": OTHER_KEY}, "salt")
    releases.given |= {"KEY_PREVIOUS": OTHER_KEY}
    releases.record(entry("b", settings=known).line())
    asked = options(deploys, "KEY")
    said = dict(plan.rows(deploys.look(asked), asked))["rotate"]
    assert (
        said == "KEY_PREVIOUS goes: what it has signed is refused (the new one signs since 2026-11-24T12:00:00+00:00)"
    )


def test_at_once_no_release_that_is_kept_takes_the_old_key(deploys: Deployer, releases: MemoryReleases) -> None:
    shown = replace(web("a", running=False), env=(f"KEY={KEY}",))
    releases.there["a"] = a_release("a", shown)
    step = rotation.step("KEY", deploys.environment.settings.values, lambda: OTHER_KEY, at_once=True)
    asked = Options(bake=0, rotation=step)

    made = deploys.deploy(deploys.gather(asked), asked)

    assert text(deploys) == ENV.replace(KEY, OTHER_KEY)
    assert releases.renewed == {"KEY": OTHER_KEY, "KEY_NEXT": "", "KEY_PREVIOUS": ""}
    assert releases.done.index("renew") > releases.done.index("switch")
    assert "remove a" in releases.done
    now = {one.release: one.settings["KEY"] for one in ledger.good(ledger.parse(releases.lines))}
    assert now["b"] == made.settings["KEY"]


def test_no_secret_is_replaced_where_another_one_is_not_what_is_live(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    releases.given |= {"KEY": OTHER_KEY}  # of a .env that was copied before the last rotation
    with pytest.raises(Problem, match=r"^KEY: \.env has another value than the live release"):
        done(deploys, PASSWORD)
    assert "change" not in releases.done
    step = rotation.step("KEY", {"KEY": OTHER_KEY}, lambda: "m" * 16 + OTHER_KEY, at_once=True)
    assert deploys.gather(Options(rotation=step))


def test_a_key_is_not_rotated_where_the_live_image_knows_one_key_alone(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    releases.there["b"] = a_release("b")
    with pytest.raises(Problem, match=r"shop:b does not say that it reads KEY, KEY_NEXT, KEY_PREVIOUS.* \./inv deploy"):
        done(deploys, "KEY")
    assert text(deploys) == ENV
    assert done(deploys, PASSWORD).outcome == "live"  # which needs no such thing


def test_what_is_edited_meanwhile_stays_when_a_key_is_taken_back(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.becomes["shop:b"] = "unhealthy"
    start = releases.start

    def edited(new: NewRelease) -> None:
        (deploys.checkout.root / ".env").write_text(f"{text(deploys)}# mine\n")
        start(new)

    releases.start = edited  # type: ignore[method-assign]
    with pytest.raises(Problem):
        done(deploys, "KEY")
    assert text(deploys) == f"{ENV}# mine\n"


def test_the_plan_says_what_is_rotated_and_shows_no_value(deploys: Deployer) -> None:
    asked = options(deploys, PASSWORD)
    rows = dict(plan.rows(deploys.look(asked), asked))
    assert f"changed {PASSWORD}" in rows["settings"]
    assert rows["rotate"] == "the database gets another one, and so does all that logs in with it"
    assert rows["steps"].startswith("change the secret, start the release")
    assert rows["steps"].endswith("let in nobody without the password")
    assert not any(value in repr((rows, asked)) for value in (OLD, NEW))
    assert text(deploys) == ENV


def test_without_a_live_release_nothing_is_rotated(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.there.clear()
    with pytest.raises(Problem, match="No release is live"):
        done(deploys, PASSWORD)
