"""All checks in a row: their lines, all reasons at once, and what the registry says."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.checkout import Checkout
from slipway.release import facts
from slipway.release.attempt import Attempt
from slipway.release.passed import PASSED, SKIPPED, Outcome, Passed
from slipway.release.wanted import Wanted
from tests.slipway.project.support import git
from tests.slipway.release.played import Engine, id_of, played
from tests.slipway.release.support import CHANGELOG, FILES, PROJECT, REPOSITORY, commit, write


def names(said: str) -> list[str]:
    """Return the names of the checks whose lines were printed, and `name!` of those that failed."""
    lines = [line.split() for line in said.splitlines() if line.startswith("  ") and line.endswith(" s")]
    return [line[0] + ("!" if line[1] == "failed" else "") for line in lines]


def keep(checkout: Checkout, version: str, head: str, gates: dict[str, Outcome] | None = None) -> Passed:
    """Let a try be there that has passed its gates."""
    attempt = Attempt(checkout, version)
    attempt.make(head)
    attempt.write(())
    passed = Passed(head, attempt.commit, id_of("mine"), id_of("tests"), "sha256:b", gates or {}, "began", "ended")
    attempt.keep(passed)
    return passed


def test_each_check_has_its_line(shop: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    found = facts.look(shop, Wanted())
    assert names(capsys.readouterr().err) == ["tree", "branch", "version", "changelog", "registry", "signing"]
    assert (found.new, found.head.before, found.moving) == ("1.2.4", "1.2.3", ("1.2", "1", "latest"))
    assert (found.done, found.passed, found.key, found.notes) == (False, None, None, "")


def test_all_reasons_are_told_at_once(repository: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    text = PROJECT.replace('registry = "localhost:5000/team"\n', "") + CHANGELOG
    write(repository, {"pyproject.toml": text + '[tool.slipway.release]\nkey = "cosign.pub"\n', "changelog.d/x": ""})
    git(repository, "checkout", "--quiet", "--detach")
    with pytest.raises(Problem) as told:
        facts.look(played(repository, engine), Wanted())
    reasons = str(told.value.message).splitlines()
    begins = ["the tree has", "HEAD is detached", "nothing of it", "no registry is named", "[tool.slipway.release] key"]
    assert reasons[0] == "Nothing can be released:"
    assert [line.startswith(f"  - {said}") for line, said in zip(reasons[1:], begins, strict=True)] == [True] * 5
    assert names(capsys.readouterr().err) == ["tree!", "branch!", "version", "changelog!", "registry!", "signing!"]


def test_nothing_is_asked_of_no_version(shop: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Problem, match="exists already"):
        facts.look(shop, Wanted(version="1.2.3"))
    assert names(capsys.readouterr().err) == ["tree", "branch", "version!", "signing"]


def test_nothing_is_asked_of_no_commit(tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, {"pyproject.toml": PROJECT, **FILES})
    with pytest.raises(Problem, match="there is no commit"):
        facts.look(played(tmp_path, engine), Wanted())
    assert names(capsys.readouterr().err) == ["tree!"]


def test_versions_of_a_remote_count_although_its_branch_is_ahead(shop: Checkout, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(shop.root), str(upstream))
    git(shop.root, "remote", "add", "origin", str(upstream))
    git(shop.root, "fetch", "--quiet", "origin")
    git(shop.root, "branch", "--quiet", "--set-upstream-to", "origin/main")
    git(upstream, "tag", "v1.2.4")
    git(shop.root, "reset", "--quiet", "--hard", "HEAD~1")
    with pytest.raises(Problem) as told:
        facts.look(shop, Wanted())
    assert "origin has commits of main that are not here: git pull" in str(told.value.message)
    assert "the tag v1.2.4 exists already" in str(told.value.message)


def test_a_version_that_somebody_has_published_is_refused(shop: Checkout, engine: Engine) -> None:
    engine.holds(f"{REPOSITORY}:1.2.4", "another", "1.2.4")
    with pytest.raises(Problem, match="a version is never published twice"):
        facts.look(shop, Wanted())
    assert facts.look(shop, Wanted(tag_only=True)).moving == ()  # whoever publishes it is told


def test_tags_stay_with_a_higher_version_that_has_no_tag_here(shop: Checkout, engine: Engine) -> None:
    engine.holds(f"{REPOSITORY}:latest", "higher", "2.0.0")
    assert facts.look(shop, Wanted()).moving == ("1.2", "1")


@pytest.mark.parametrize(
    ("registry", "said"),
    [("", "no registry is named"), ('registry = "team"', 'registry = "docker.io/team"')],
)
def test_a_registry_has_to_be_named(repository: Path, engine: Engine, registry: str, said: str) -> None:
    write(repository, {"pyproject.toml": PROJECT.replace('registry = "localhost:5000/team"', registry)})
    commit(repository, "Another registry")
    with pytest.raises(Problem, match=said):
        facts.look(played(repository, engine), Wanted())


def test_a_registry_that_is_away_is_told(shop: Checkout, engine: Engine) -> None:
    engine.fails("imagetools", "dial tcp: connection refused")
    with pytest.raises(Problem, match="cannot be asked"):
        facts.look(shop, Wanted())


def test_a_tagged_commit_is_released_once_all_tags_lead_to_it(shop: Checkout, engine: Engine) -> None:
    git(shop.root, "tag", "v1.3.0")
    write(shop.root, {"pyproject.toml": (shop.root / "pyproject.toml").read_text().replace("1.2.3", "1.3.0")})
    commit(shop.root, "Release 1.3.0")
    git(shop.root, "tag", "--force", "v1.3.0")
    checkout = played(shop.root, engine)
    assert facts.look(checkout, Wanted()).head.released
    for name in ("1.3.0", "1.3", "1"):
        engine.holds(f"{REPOSITORY}:{name}", "mine", "1.3.0")
    assert not facts.look(checkout, Wanted()).done
    engine.holds(f"{REPOSITORY}:latest", "mine", "1.3.0")
    assert facts.look(checkout, Wanted()).done
    assert facts.look(checkout, Wanted(part="patch")).new == "1.3.1"  # on top of it, when that is said


def test_a_try_that_has_passed_is_gone_on_with(shop: Checkout) -> None:
    at = git(shop.root, "rev-parse", "HEAD")
    passed = keep(shop, "1.2.4", at, {"lint": SKIPPED, "tests": PASSED})
    assert facts.look(shop, Wanted(skip=("lint", "types"))).passed == passed
    assert facts.look(shop, Wanted()).passed is None  # it has left out what is wanted now
    (shop.root / "more.py").touch()
    commit(shop.root, "Meanwhile")
    assert facts.look(shop, Wanted(skip=("lint",))).passed is None  # it would not be in it


def test_what_is_published_or_tagged_is_finished_whatever_came_since(shop: Checkout, engine: Engine) -> None:
    passed = keep(shop, "1.2.4", git(shop.root, "rev-parse", "HEAD"))
    (shop.root / "more.py").touch()
    commit(shop.root, "Meanwhile")
    engine.holds(f"{REPOSITORY}:1.2.4", "mine", "1.2.4")
    assert facts.look(shop, Wanted()).passed == passed
    with pytest.raises(Problem, match=r"1\.2\.4 is published and not tagged: ./inv release --version 1\.2\.4"):
        facts.look(shop, Wanted(part="minor"))

    Attempt(shop, "1.2.4").bring_home(passed.commit)
    found = facts.look(shop, Wanted(version="1.2.4"))
    assert found.passed == passed
    assert facts.look(shop, Wanted(version="1.3.0")).passed is None
