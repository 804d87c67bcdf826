"""The working tree: what git says of it, and what is in it."""

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


def test_a_shallow_clone_is_known(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(repository, "add", ".")
    for message in ("first", "second"):
        git(repository, "commit", "--quiet", "--allow-empty", "-m", message)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", "--depth", "1", f"file://{repository}", ".")

    assert not tree.read(repository, Shell(repository, Steps())).shallow
    assert tree.read(clone, Shell(clone, Steps())).shallow


def test_the_previous_release_is_the_last_one_before(repository: Path) -> None:
    def previous() -> str:
        return tree.read(repository, Shell(repository, Steps())).previous

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
