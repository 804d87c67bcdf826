"""What can be released: the checks, on real git."""

import subprocess
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import branch, changelog
from slipway.project.config import load
from slipway.release import checks
from slipway.release.checks import Head, Upstream, Version
from slipway.release.wanted import Wanted
from tests.slipway.project.support import git
from tests.slipway.release.support import CHANGELOG, PROJECT, commit, real, write

PATCH = Wanted()  # what is raised unless told


def head(root: Path, asked: Wanted = PATCH) -> Head:
    """Return what is checked out."""
    return checks.read_head(real(root), asked)


def follow(root: Path, asked: Wanted = PATCH) -> tuple[Upstream, str]:
    """Check the branch; return what it follows, and the line."""
    checkout, at = real(root), head(root, asked)
    upstream = checks.follow(checkout.shell, at, checkout.project.release.branch)
    return upstream, checks.level(checkout.shell, at, upstream)


def number(root: Path, asked: Wanted = PATCH, more: frozenset[str] = frozenset()) -> tuple[Version, str]:
    """Check the version; return it, and the line."""
    checkout = real(root)
    return checks.number(checkout, asked, head(root, asked), branch.versions(checkout.shell) | more)


def test_a_clean_branch_can_be_released(repository: Path) -> None:
    asked = Wanted(part="minor")
    at = head(repository, asked)
    assert checks.clean(real(repository).shell, at) == f"clean, at {at.tree.commit[:12]}"
    assert (at.released, at.branch, at.before) == (False, "main", "1.2.3")
    assert follow(repository)[1] == "main, which has no upstream"
    assert number(repository, asked) == (Version("1.3.0"), "1.3.0, after 1.2.3")
    assert number(repository, Wanted(version="4.0.0"))[1] == "4.0.0, after 1.2.3"


def test_what_cannot_be_released_is_told(repository: Path) -> None:
    for version, said in (("1.2.3", "exists already"), ("1.2.2", "lower than 1.2.3"), ("0.9.0", "lower than 1.2.3")):
        with pytest.raises(Problem, match=said):
            number(repository, Wanted(version=version))
    write(repository, {"pyproject.toml": PROJECT.replace("1.2.3", "1.1.0")})
    commit(repository, "An older version")
    with pytest.raises(Problem, match=r"lower than 1\.2\.3, the last tag"):
        number(repository)

    shell = real(repository).shell
    (repository / "more.py").touch()
    with pytest.raises(Problem, match="the tree has changes"):
        checks.clean(shell, head(repository))
    (repository / "more.py").unlink()
    git(repository, "checkout", "--quiet", "--detach")
    with pytest.raises(Problem, match="HEAD is detached"):
        follow(repository)


def test_git_has_to_know_who_commits(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "config", "user.useConfigOnly", "true")
    git(repository, "config", "--unset", "user.email")
    for name in ("EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    with pytest.raises(Problem, match=r"git config user\.name"):
        checks.clean(real(repository).shell, head(repository))
    git(repository, "checkout", "--quiet", "v1.2.3")  # of a commit that is there, nobody is asked
    assert checks.clean(real(repository).shell, head(repository)).startswith("clean, at ")


def test_a_clone_that_knows_no_tags_is_not_released(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(Problem, match="git fetch --unshallow --tags"):
        checks.clean(real(tmp_path / "shallow").shell, head(tmp_path / "shallow"))


def test_nothing_that_others_have_pushed_is_left_out(repository: Path, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(upstream))
    git(repository, "remote", "add", "origin", str(upstream))
    git(repository, "push", "--quiet", "--set-upstream", "origin", "main")
    assert follow(repository)[1] == "main, level with origin"
    (repository / "mine.py").touch()
    commit(repository, "Mine")
    assert follow(repository)[1] == "main, ahead of origin"

    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(upstream), str(other))
    git(other, "config", "user.name", "B")
    git(other, "config", "user.email", "b@example.com")
    git(other, "tag", "v1.2.4")
    git(other, "push", "--quiet", "origin", "v1.2.4")
    found = follow(repository)[0]
    assert found.versions == {"1.2.4"}
    with pytest.raises(Problem, match=r"v1\.2\.4 exists already"):
        number(repository, more=found.versions)
    (other / "theirs.py").touch()
    commit(other, "Theirs")
    git(other, "push", "--quiet", "origin", "main")
    with pytest.raises(Problem, match="git pull"):
        follow(repository)

    git(repository, "remote", "set-url", "origin", str(tmp_path / "gone.git"))
    with pytest.raises(Problem, match="cannot be asked"):
        follow(repository)
    git(repository, "tag", "v1.2.5")
    git(repository, "checkout", "--quiet", "--detach", "v1.2.3")  # what is released is published without it
    assert follow(repository) == (Upstream(), "HEAD is v1.2.3")


def test_releases_are_made_of_the_named_branch_alone(repository: Path) -> None:
    write(repository, {"pyproject.toml": PROJECT + '[tool.slipway.release]\nbranch = "stable"\n'})
    with pytest.raises(Problem, match="git switch stable"):
        follow(repository)
    git(repository, "switch", "--quiet", "--create", "stable")
    assert follow(repository)[1] == "stable, which has no upstream"


def test_a_tagged_commit_is_published_and_not_raised(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "v1.2.3")
    at = head(repository)
    assert (at.released, at.before) == (True, "")
    assert follow(repository)[1] == "HEAD is v1.2.3"
    assert number(repository) == (Version("1.2.3"), "1.2.3, tagged already")
    asked = Wanted(part="patch")  # on top of it, when that is said
    assert not head(repository, asked).released
    assert head(repository, asked).before == "1.2.3"
    assert number(repository, asked)[1] == "1.2.4, after 1.2.3"


def test_the_changelog_has_to_say_something(repository: Path) -> None:
    assert checks.changes(real(repository), "1.2.4", written=False)[1].startswith("there is none")
    write(repository, {"pyproject.toml": PROJECT + CHANGELOG, "changelog.d/.gitignore": "!.gitignore\n"})
    commit(repository, "A changelog")
    assert checks.changes(real(repository), "1.2.4", written=True) == ("", "written already")
    with pytest.raises(Problem, match=r"a file of changelog\.d"):
        checks.changes(real(repository), "1.2.4", written=False)

    write(repository, {"changelog.d/+sale.feature.md": "A sale. No significant changes of prices.\n"})
    commit(repository, "A sale")
    notes, line = checks.changes(real(repository), "1.2.4", written=False)
    assert line == "1 entry"
    assert "A sale." in notes
    assert changelog.write(load(repository), Shell(repository, Steps()), "1.2.4") == notes
    assert "A sale." in (repository / "CHANGELOG.md").read_text()
    staged = subprocess.run(
        ["git", "diff", "--cached", "--name-status"], cwd=repository, capture_output=True, text=True
    )
    assert staged.stdout.split() == ["A", "CHANGELOG.md", "D", "changelog.d/+sale.feature.md"]


def test_a_key_that_is_not_there_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert checks.signature(real(repository), "") == (None, "none: no key in [tool.slipway.release]")
    write(repository, {"pyproject.toml": PROJECT + '[tool.slipway.release]\nkey = "cosign.pub"\n'})
    with pytest.raises(Problem, match="there is no such file"):
        checks.signature(real(repository), "")
    (repository / "cosign.pub").touch()
    with pytest.raises(Problem, match="cosign is not installed"):
        checks.signature(real(repository), "")


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "export COSIGN_KEY=FILE"), ("cosign.key", "export COSIGN_PASSWORD"), ("env://KEY", "export COSIGN_PASSWORD")],
)
def test_a_key_that_cannot_be_used_is_told_before_anything_is_done(
    repository: Path, monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("COSIGN_KEY", key)
    monkeypatch.delenv("COSIGN_PASSWORD", raising=False)
    write(repository, {"pyproject.toml": PROJECT + '[tool.slipway.release]\nkey = "cosign.pub"\n', "cosign.pub": ""})
    with pytest.raises(Problem, match=said):
        checks.signature(real(repository), "")
    public = repository / "cosign.pub"
    assert checks.signature(real(repository), "--tag-only") == (public, "not needed: --tag-only")
