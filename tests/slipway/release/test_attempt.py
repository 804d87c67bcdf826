"""A try at a release: what is committed and tagged in its clone, brought home, and remembered."""

import json
import shutil
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.image import plan
from slipway.release import attempt as module
from slipway.release.attempt import Attempt
from slipway.release.passed import Passed
from tests.slipway.project.support import git
from tests.slipway.release.support import CHANGELOG, PROJECT, commit, real, write

GATES = {
    "lint": "passed",
    "image": "passed: sha256:0123456789ab",
    "types": "left out: --skip",
    "rehearsal": "left out: there are no HTTP tests: http in [tool.slipway.tests]",
    "advisories": "not known: the database could not be asked",
}


def made(root: Path, *skipped: str) -> Attempt:
    """Return an attempt that has committed and tagged 1.2.4."""
    attempt = Attempt(real(root), "1.2.4")
    attempt.make(git(root, "rev-parse", "HEAD"))
    attempt.write(skipped)
    return attempt


def record(attempt: Attempt, **more: object) -> None:
    """Write what has passed, as it was written ever since there are releases."""
    values = {"head": git(attempt.home.root, "rev-parse", "HEAD"), "commit": attempt.commit, "image": "sha256:i",
              "tests": "sha256:t", "base": "sha256:b", "gates": GATES, "began": "1", "ended": "2"}  # fmt: skip
    (attempt.folder / "passed.json").write_text(json.dumps(values | more))


def test_commit_and_tag_are_the_clones_until_they_are_brought_home(repository: Path) -> None:
    write(repository, {"pyproject.toml": PROJECT + CHANGELOG, "changelog.d/+sale.feature.md": "A sale.\n"})
    head = commit(repository, "A sale")
    refs, files = git(repository, "for-each-ref"), git(repository, "ls-files", "--stage")
    attempt = made(repository, "types", "deploy")
    assert (git(repository, "for-each-ref"), git(repository, "ls-files", "--stage")) == (refs, files)

    assert git(attempt.root, "rev-parse", "HEAD~1") == head
    assert git(attempt.root, "log", "-1", "--format=%B") == "Release 1.2.4\n\nWithout its gates types, deploy."
    told = git(attempt.root, "tag", "--list", "--format=%(contents)", "v1.2.4")
    assert told.startswith("Release 1.2.4\n\nWithout its gates types, deploy.\n\n")
    assert "A sale." in told
    changed = git(attempt.root, "diff", "--name-only", "HEAD~1").split()
    assert changed == ["CHANGELOG.md", "changelog.d/+sale.feature.md", "pyproject.toml"]
    assert attempt.checkout.project.version == "1.2.4"
    assert git(attempt.root, "status", "--porcelain") == ""

    attempt.bring_home(attempt.commit)
    assert git(repository, "rev-parse", "v1.2.4^{commit}") == attempt.commit
    assert git(repository, "rev-parse", "HEAD") == head
    assert attempt.merge("main", attempt.commit)
    assert git(repository, "rev-parse", "main") == attempt.commit
    assert git(repository, "status", "--porcelain") == ""
    attempt.bring_home(attempt.commit)  # once more, of a run that was killed here
    attempt.remove()
    assert not attempt.folder.exists()


def test_nothing_but_the_commit_is_in_the_clone(repository: Path) -> None:
    write(repository, {".env.example": "NAME=\nSECRET=\n"})
    write(repository, {"pyproject.toml": PROJECT + "[tool.slipway.secrets]\nSECRET = 32\n"})
    commit(repository, "Settings")
    write(repository, {".env": "SECRET=mine\n", ".git/hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
    (repository / ".git/hooks/pre-commit").chmod(0o755)
    git(repository, "config", "core.hooksPath", str(repository / ".git/hooks"))
    head = git(repository, "rev-parse", "HEAD")
    write(repository, {"new.py": "edited"})
    attempt = Attempt(real(repository), "1.2.4")
    attempt.make(head)
    assert (attempt.root / "new.py").read_text() == ""
    settings = (attempt.root / ".env").read_text()
    assert "mine" not in settings
    assert len(settings.partition("SECRET=")[2].strip()) >= 32
    assert (attempt.root / ".env").stat().st_mode & 0o777 == 0o600
    attempt.write(())  # the gates are its hooks
    assert git(attempt.root, "log", "-1", "--format=%an <%ae>") == "A <a@example.com>"


def test_a_project_may_lie_below_its_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "A")
    git(tmp_path, "config", "user.email", "a@example.com")
    write(tmp_path, {"services/shop/pyproject.toml": PROJECT, "services/shop/.gitignore": ".slipway/\n"})
    commit(tmp_path, "First")
    attempt = made(tmp_path / "services" / "shop")
    assert attempt.root.relative_to(attempt.folder).as_posix() == "clone/services/shop"
    assert attempt.checkout.project.version == "1.2.4"


def test_a_tag_of_somebody_else_stays(repository: Path) -> None:
    attempt = made(repository)
    git(repository, "tag", "v1.2.4")
    with pytest.raises(Problem, match=r"the tag v1\.2\.4 here is another's\. Remove it: git tag --delete v1\.2\.4"):
        attempt.bring_home(attempt.commit)
    git(repository, "tag", "--delete", "v1.2.4")
    (repository / ".git" / "refs" / "tags" / "v1.2.4.lock").touch()
    with pytest.raises(Problem, match=r"The tag v1\.2\.4 could not be set here"):
        attempt.bring_home(attempt.commit)


def test_a_branch_follows_unless_it_has_moved(repository: Path) -> None:
    attempt = made(repository)
    attempt.bring_home(attempt.commit)
    git(repository, "switch", "--quiet", "--create", "other")
    assert attempt.merge("main", attempt.commit)  # whatever is checked out by now
    assert git(repository, "rev-parse", "main") == attempt.commit
    (repository / "more.py").touch()
    commit(repository, "Meanwhile")
    assert not attempt.merge("other", attempt.commit)
    assert git(repository, "log", "-1", "--format=%s", "other") == "Meanwhile"


def test_what_has_passed_is_remembered(repository: Path) -> None:
    attempt = made(repository)
    assert attempt.kept() is None
    record(attempt)
    kept = attempt.kept()
    assert kept
    assert (kept.commit, kept.image, kept.tests, kept.base) == (attempt.commit, "sha256:i", "sha256:t", "sha256:b")
    assert kept.spelled_gates == GATES
    assert kept.skipped == {"types"}
    attempt.keep(kept)
    assert Attempt(real(repository), "1.2.4").kept() == kept
    assert json.loads((attempt.folder / "passed.json").read_text())["gates"] == GATES


def test_what_makes_no_sense_is_not_gone_on_with(repository: Path) -> None:
    attempt = made(repository)
    for text in (b"", b"[]", b"null", b"{}", b'{"gates": 1}', b'{"gates": {"lint": 1}}', b"\xff"):
        (attempt.folder / "passed.json").write_bytes(text)
        assert attempt.kept() is None
    record(attempt, gates={"lint": "exploded"})
    assert attempt.kept() is None
    record(attempt, commit="0" * 40)  # the clone is at another one
    assert attempt.kept() is None
    record(attempt)
    assert attempt.kept()
    shutil.rmtree(attempt.folder / "clone")
    assert attempt.kept() is None


def test_a_record_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="'head'"):
        Passed.read('{"gates": {}}')


def test_git_is_called_so_that_nothing_of_the_users_gets_in_the_way() -> None:
    assert module.commit_command("Release 1.2.4", "Without its gates lint.") == [
        "git", "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty",
        "--message", "Release 1.2.4", "--message", "Without its gates lint.",
    ]  # fmt: skip
    assert module.tag_command("1.2.4", "Release 1.2.4") == [
        "git", "tag", "--annotate", "--cleanup=whitespace", "v1.2.4", "--message", "Release 1.2.4",
    ]  # fmt: skip
    fetch = module.fetch_command(Path("/a/clone"), "refs/tags/v1:refs/tags/v1")
    assert fetch == ["git", "fetch", "--quiet", "--no-tags", "/a/clone", "refs/tags/v1:refs/tags/v1"]
    assert module.merge_command("c") == ["git", "merge", "--ff-only", "--quiet", "--no-verify-signatures", "c"]
    assert module.follow_command("main", "c") == ["git", "fetch", "--quiet", ".", "c:refs/heads/main"]


def test_what_gates_leave_beside_the_code_is_removed_before_the_image_is_built(repository: Path) -> None:
    files = {".gitignore": ".env\n.slipway/\n*.log\n", "Dockerfile": "FROM python\nCOPY . .\n", ".dockerignore": ""}
    write(repository, files)
    commit(repository, "An image of one's own")
    attempt = made(repository)
    left = ("app/logs/app.log", "coverage.xml", "reports/a/b.xml", ".env")
    write(attempt.root, dict.fromkeys((*left, ".slipway/x", ".venv/pyvenv.cfg"), "x"))
    assert plan.read_tree(attempt.checkout).content
    attempt.tidy()
    assert not plan.read_tree(attempt.checkout).content
    assert [name for name in left if (attempt.root / name).exists()] == [".env"]
    assert (attempt.root / ".slipway" / "x").exists()


def test_the_images_of_an_attempt_are_called_by_its_version(repository: Path) -> None:
    attempt = Attempt(real(repository), "1.2.4")
    assert (attempt.tag, attempt.tests_tag) == ("shop:1.2.4", "shop:1.2.4-test")
