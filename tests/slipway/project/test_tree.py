"""The working tree: what git says of it, and what is in it."""

import shutil
from pathlib import Path

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import tree
from tests.slipway.project.support import git, make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a git repository without a commit."""
    return make_repository(tmp_path)


def test_a_tag_from_before_a_project_was_adopted_is_no_release(repository: Path) -> None:
    def commit(text: str) -> tree.Tree:
        (repository / "pyproject.toml").write_text(text)
        git(repository, "add", ".")
        git(repository, "commit", "--quiet", "-m", "change")
        return tree.read(repository, Shell(repository, Steps()))

    commit('[project]\nname = "shop"\n')
    git(repository, "tag", "v1.2.2")
    adopted = commit("[tool.slipway.release]\n")
    assert (adopted.last, adopted.previous, adopted.since) == ("1.2.2", "", 1)
    git(repository, "tag", "v1.2.3")
    after = commit("[tool.slipway]\n")
    assert (after.last, after.previous) == ("1.2.3", "1.2.3")


def test_a_shallow_clone_is_known(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(repository, "add", ".")
    for message in ("first", "second"):
        git(repository, "commit", "--quiet", "--allow-empty", "-m", message)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", "--depth", "1", f"file://{repository}", ".")
    for name in ("user.name", "user.email"):
        git(clone, "config", name, "a@example.com")

    assert not tree.read(repository, Shell(repository, Steps())).shallow
    found = tree.read(clone, Shell(clone, Steps()))
    assert found.shallow
    assert "git fetch --unshallow --tags" in found.miscounts
    git(clone, "tag", "deployed")
    assert tree.read(clone, Shell(clone, Steps())).miscounts
    git(clone, "tag", "v1.2.3")  # as a checkout of a tag has it: the version counts from here
    assert not tree.read(clone, Shell(clone, Steps())).miscounts
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "third")
    assert tree.read(clone, Shell(clone, Steps())).miscounts  # nobody knows which other commits are behind the tag


def test_a_clone_that_fetches_no_tags_is_known(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "tag", "v1.2.2")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "second")
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", "--no-tags", f"file://{repository}", ".")

    def read(folder: Path) -> tree.Tree:
        return tree.read(folder, Shell(folder, Steps()))

    assert (read(repository).since, read(clone).since) == (1, 2)
    assert "git fetch --tags" in read(clone).miscounts
    assert not read(repository).miscounts
    git(clone, "fetch", "--quiet", "--tags")
    assert not read(clone).miscounts
    assert read(clone).since == 1


def test_the_previous_release_is_the_last_one_before(repository: Path) -> None:
    def previous() -> str:
        return tree.read(repository, Shell(repository, Steps())).previous

    (repository / "pyproject.toml").write_text("[tool.slipway]\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    assert previous() == ""
    git(repository, "tag", "-a", "v1.2.2", "-m", "release")
    assert previous() == ""
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "second")
    assert previous() == "1.2.2"
    git(repository, "tag", "v1.2.3")
    git(repository, "tag", "deployed")
    assert previous() == "1.2.2"
    (repository / "new.txt").write_text("a change on top of the release")
    assert previous() == "1.2.3"
    (repository / "new.txt").unlink()
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "third")
    assert previous() == "1.2.3"


def test_a_deleted_file_and_an_executable_bit_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    seen = {tree.digest(tmp_path, ["a", "b"])}
    (tmp_path / "a").chmod(0o755)
    seen.add(tree.digest(tmp_path, ["a", "b"]))
    (tmp_path / "b").unlink()
    seen.add(tree.digest(tmp_path, ["a", "b"]))

    assert len(seen) == 3


def test_why_there_is_no_commit_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        found = tree.read(tmp_path, Shell(tmp_path, Steps()))
        assert found.miscounts == found.nameless
        return found.nameless

    git(tmp_path, "--version")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("LANGUAGE", "de")
    assert nameless() == (
        "the version names no commit: this folder is in no git repository. git init && git add . && git commit"
    )
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert "git does not read this folder (fatal: not a git repository: /nowhere)" in nameless()
    (tmp_path / ".git").unlink()
    make_repository(tmp_path)
    assert nameless() == "the version names no commit: nothing is committed yet. git add . && git commit"
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    assert not nameless()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert nameless() == "the version names no commit: git is not installed. Install it"
