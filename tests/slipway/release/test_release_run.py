"""A release from its plan to its end, and what is left when it breaks off."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.core.errors import Interrupted, Problem
from slipway.project.checkout import Checkout
from slipway.release import facts, run
from slipway.release.attempt import Attempt
from slipway.release.plan import Plan, decide
from slipway.release.wanted import Wanted
from tests.slipway.project.support import git
from tests.slipway.release.played import Engine, Ran, id_of
from tests.slipway.release.support import CHANGELOG, REPOSITORY, commit, write

# What fails when each gate does.
BREAKS = {
    "lint": "ruff check", "types": "mypy", "dockerfile": "hadolint", "tests": "clone test -- -q",
    "image": "--target test", "packages": "--target requirements", "secrets": "docker save",
    "advisories": "docker run", "rebuild": "clone build --verify",
    "migrations": "clone check", "rehearsal": "clone migrate --rehearse", "in-image": "clone test --image",
    "deploy": "clone deploy --tag",
}  # fmt: skip


@pytest.fixture
def shop(shop: Checkout, engine: Engine) -> Checkout:
    """Give the project, with images of earlier builds and of the release before."""
    engine.names |= {"shop:1.2.4": id_of("an earlier build"), "shop:dev": id_of("dev"), "shop:test": id_of("test")}
    engine.names[f"{REPOSITORY}:1.2.3"] = id_of("before")
    return shop


def planned(shop: Checkout, **asked: Any) -> Plan:
    """Look, and decide."""
    wanted = Wanted(**asked)
    return decide(shop.project, wanted, facts.look(shop, wanted))


def release(shop: Checkout, **asked: Any) -> run.Released:
    """Look, decide and release."""
    return run.release(shop, planned(shop, **asked))


def state(shop: Checkout, engine: Engine) -> tuple[object, ...]:
    """Return all that a release that fails has to leave as it was."""
    tries = sorted(path.name for path in (shop.root / ".slipway" / "release").glob("*"))
    return (
        git(shop.root, "for-each-ref"), git(shop.root, "symbolic-ref", "HEAD"), git(shop.root, "status", "--porcelain"),
        tries, dict(engine.names), dict(engine.pushed),
    )  # fmt: skip


@contextlib.contextmanager
def nothing_changes(shop: Checkout, engine: Engine) -> Iterator[None]:
    """Check that all is as it was before."""
    before = state(shop, engine)
    yield
    assert state(shop, engine) == before


def test_a_release_is_made_published_and_tagged(
    shop: Checkout, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (shop.root / "pyproject.toml").read_text() + CHANGELOG
    write(shop.root, {"pyproject.toml": text, "changelog.d/+sale.feature.md": "A sale.\n"})
    commit(shop.root, "A sale")
    released = release(shop)
    assert git(shop.root, "rev-parse", "main", "v1.2.4^{commit}").split() == [released.commit] * 2
    mine, tests = engine.names["shop:1.2.4"], engine.names["shop:1.2.4-test"]
    by_commit = f"sha-{released.commit[:12]}"
    assert engine.pushed == {
        f"{REPOSITORY}:{by_commit}": mine, f"{REPOSITORY}:1.2.4-test": tests, f"{REPOSITORY}:1.2.4": mine,
        f"{REPOSITORY}:1.2": mine, f"{REPOSITORY}:1": mine, f"{REPOSITORY}:latest": mine,
    }  # fmt: skip
    pushes = [line.rpartition(":")[2] for line in engine.lines("docker", "push")]
    assert pushes == [by_commit, "1.2.4-test", "1.2.4", "1.2", "1", "latest"]
    assert released == run.Released(f"{REPOSITORY}@{id_of(mine)}", released.commit, merged=True)
    assert not Attempt(shop, "1.2.4").folder.exists()
    assert "A sale." in (shop.root / "CHANGELOG.md").read_text()
    said = capsys.readouterr().err
    assert "  commit     Release 1.2.4, 1.2.3 before, with its changelog " in said
    assert "  tag        v1.2.4, and main follows " in said
    assert facts.look(Checkout.at(shop.root, shop.steps), Wanted(tag_only=True)).done


def test_what_is_done_is_what_was_planned(shop: Checkout, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(shop, skip=("lint",))
    capsys.readouterr()
    released = run.release(shop, plan)
    timed = re.compile(r"  (\S+) +(.*?)(?: +[\d.]+ s)?")
    said = [line for line in capsys.readouterr().err.splitlines() if line.endswith(" s") or " left out: " in line]
    told = [(one[1], one[2]) for line in said if (one := timed.fullmatch(line))]
    wanted = [(name, what.replace("<commit>", released.commit[:12])) for name, what in plan.rows()]
    assert [name for name, _ in told] == [name for name, _ in wanted]
    assert all(did.startswith(what) for (_, what), (_, did) in zip(wanted, told, strict=True)), (wanted, told)


@pytest.mark.parametrize("gate", BREAKS)
def test_each_gate_stops_the_release(
    shop: Checkout, engine: Engine, gate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.fails(BREAKS[gate])
    with nothing_changes(shop, engine), pytest.raises(Problem) as told:
        release(shop)
    assert str(told.value.message).endswith("\nNothing was released, and everything is as it was.")
    said = capsys.readouterr().err
    failed = [line.split()[0] for line in said.splitlines() if line.startswith("  ") and " failed " in line]
    assert failed == [gate]
    assert not engine.lines("docker", "push")


@pytest.mark.parametrize("reason", [Interrupted(15), KeyboardInterrupt()])
def test_an_interrupted_release_leaves_everything_as_it_was(
    shop: Checkout, engine: Engine, reason: BaseException
) -> None:
    def interrupt(_: Ran) -> None:
        raise reason

    engine.when("test --image", interrupt)
    with nothing_changes(shop, engine), pytest.raises(type(reason)) as told:
        release(shop)
    assert told.value is reason


def test_what_was_left_out_is_said_for_good(shop: Checkout) -> None:
    release(shop, skip=("types", "deploy"))
    assert "Without its gates types, deploy." in git(shop.root, "log", "-1", "--format=%B")
    assert "Without its gates types, deploy." in git(shop.root, "tag", "-n9")


def test_a_release_that_breaks_off_is_gone_on_with(
    shop: Checkout, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(shop, engine)
    engine.fails(f"docker push --quiet {REPOSITORY}:1.2.4-test", "connection reset")
    with pytest.raises(Problem) as told:
        release(shop)
    again = "1.2.4 was not published, and the tree is as before. To go on from here: ./inv release --version 1.2.4"
    assert str(told.value.message).splitlines()[-1] == again
    assert state(shop, engine)[:3] == before[:3]  # git's
    (by_commit,) = engine.pushed
    built = engine.names["shop:1.2.4"]

    engine.rules.clear()
    engine.ran.clear()
    released = release(shop)
    assert "  gates      passed already, by " in capsys.readouterr().err
    assert by_commit == f"{REPOSITORY}:sha-{released.commit[:12]}"
    assert engine.pushed[f"{REPOSITORY}:1.2.4"] == built
    assert not engine.lines("docker", "build")
    assert engine.verbs() == []


def test_what_may_be_published_and_is_not_tagged_is_finished(shop: Checkout, engine: Engine) -> None:
    def killed(_: Ran) -> None:
        if f"{REPOSITORY}:1.2.4" in engine.pushed:
            raise SystemExit

    engine.when(f"imagetools inspect {REPOSITORY}:1.2.4 ", killed)
    with pytest.raises(SystemExit):
        release(shop)
    assert git(shop.root, "tag", "--list", "v1.2.4") == ""
    assert f"{REPOSITORY}:1.2.4" in engine.pushed
    engine.rules.clear()
    write(shop.root, {"more.py": ""})
    commit(shop.root, "Meanwhile")  # somebody goes on working

    plan = planned(shop, version="1.2.4")
    released = run.release(shop, plan)
    assert not released.merged
    assert git(shop.root, "rev-parse", "v1.2.4^{commit}") == released.commit
    with pytest.raises(Problem, match=r"main could not follow .* git merge v1\.2\.4"):
        run.check_merged(plan, released)
    assert engine.pushed[f"{REPOSITORY}:latest"] == engine.pushed[f"{REPOSITORY}:1.2.4"]


def test_moving_tags_follow_although_the_run_before_broke_off(shop: Checkout, engine: Engine) -> None:
    engine.fails(f"docker push --quiet {REPOSITORY}:latest")
    with pytest.raises(Problem) as told:
        release(shop)
    assert "1.2.4 is released; not all that should lead to it does. To go on: ./inv release" in str(told.value.message)
    at = git(shop.root, "rev-parse", "main", "v1.2.4^{commit}").split()
    engine.rules.clear()
    shop = Checkout(Checkout.at(shop.root, shop.steps).project, shop.shell)
    released = release(shop)
    assert [released.commit] * 2 == at
    assert engine.pushed[f"{REPOSITORY}:latest"] == engine.pushed[f"{REPOSITORY}:1.2.4"]


@pytest.fixture
def broken_off(shop: Checkout, engine: Engine) -> Checkout:
    """Give the project, with a try that has passed its gates and pushed nothing but the commit's image."""
    engine.fails(f"docker push --quiet {REPOSITORY}:1.2.4-test")
    with pytest.raises(Problem):
        release(shop)
    engine.rules.clear()
    engine.ran.clear()
    return shop


def test_images_that_are_gone_are_pulled_or_built_again(broken_off: Checkout, engine: Engine) -> None:
    mine, tests = engine.names["shop:1.2.4"], engine.names["shop:1.2.4-test"]
    engine.forgotten |= {mine, tests}
    release(broken_off)
    assert engine.lines("docker", "pull")[0] == f"docker pull --quiet {next(iter(engine.pushed))}"
    assert len(engine.lines("docker", "build")) == 2  # the tests were not pushed yet
    assert (engine.pushed[f"{REPOSITORY}:1.2.4"], engine.pushed[f"{REPOSITORY}:1.2.4-test"]) == (mine, tests)


def test_an_image_that_cannot_be_had_any_more_is_not_replaced(broken_off: Checkout, engine: Engine) -> None:
    mine = engine.names["shop:1.2.4"]
    engine.forgotten.add(mine)
    engine.pushed.clear()

    def otherwise(_: Ran) -> tuple[int, str, str]:
        engine.names["shop:1.2.4"] = id_of("otherwise")
        return 0, "", ""

    engine.when("--tag shop:1.2.4 --build-arg", otherwise)
    with pytest.raises(Problem, match=rf"shop:1\.2\.4 was {mine}, which is gone, and cannot be built so any more"):
        release(broken_off)
    assert Attempt(broken_off, "1.2.4").kept()  # whoever has it may still finish it


def test_somebody_else_may_publish_the_version_meanwhile(shop: Checkout, engine: Engine) -> None:
    def publish(_: Ran) -> None:
        engine.holds(f"{REPOSITORY}:1.2.4", "another", "1.2.4")

    engine.when("clone rollback", publish)
    with pytest.raises(Problem, match="never published twice"):
        release(shop)
    assert git(shop.root, "tag", "--list", "v1.2.4") == ""
    assert engine.pushed[f"{REPOSITORY}:1.2.4"] == id_of("another")


def test_another_machine_publishes_what_is_tagged(shop: Checkout, engine: Engine) -> None:
    before = dict(engine.names)
    released = release(shop, tag_only=True)
    assert (released.image, engine.pushed) == ("", {})
    assert engine.names == before
    assert git(shop.root, "rev-parse", "main", "v1.2.4^{commit}").split() == [released.commit] * 2

    there = Checkout(Checkout.at(shop.root, shop.steps).project, shop.shell)
    published = release(there)
    assert (published.commit, published.merged) == (released.commit, True)
    assert {f"{REPOSITORY}:{name}" for name in ("1.2.4", "1.2", "1", "latest", "1.2.4-test")} < engine.pushed.keys()
    assert run.published(there.shell, planned(there)) == published.image
