"""What the image of a tree is called, as the tree changes."""

import re
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.image import build, plan
from slipway.project.checkout import Checkout
from slipway.runtime.tree import TreeImage
from tests.slipway.project.support import git, make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a git repository without a commit."""
    return make_repository(tmp_path)


def tag_of(root: Path, python: str = "") -> str:
    """Return the tag of the tree as it is now."""
    return plan.current(Checkout.at(root, Steps()), python).tag


def test_the_tag_follows_the_tree(repository: Path) -> None:
    assert re.fullmatch(r"x:1\.2\.3-dev\.0-nocommit-dirty\.[0-9a-f]{12}", tag_of(repository))
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    assert re.fullmatch(r"x:1\.2\.3-dev\.1-[0-9a-f]{12}", tag_of(repository))
    git(repository, "tag", "-a", "v1.2.3", "-m", "release")
    assert tag_of(repository) == "x:1.2.3"

    dirty = set()
    for content in ("one", "two"):
        (repository / "new.txt").write_text(content)  # not even added
        dirty.add(tag_of(repository))
    assert len(dirty) == 2
    assert all(re.fullmatch(r"x:1\.2\.3-dev\.0-[0-9a-f]{12}-dirty\.[0-9a-f]{12}", tag) for tag in dirty)
    git(repository, "add", ".")
    assert tag_of(repository) in dirty  # staged or not, it is the same content

    git(repository, "commit", "--quiet", "-m", "second")
    assert re.fullmatch(r"x:1\.2\.3-dev\.1-[0-9a-f]{12}", tag_of(repository))


def test_a_file_that_git_ignores_and_the_build_sees_makes_it_dirty(repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "tag", "v1.2.3")
    (repository / "other.log").write_text("seen by nobody")
    assert tag_of(repository) == "x:1.2.3"

    (repository / "app").mkdir()
    (repository / "app/a.log").write_text("seen by the build")
    assert re.fullmatch(r"x:1\.2\.3-dev\.0-[0-9a-f]{12}-dirty\.[0-9a-f]{12}", tag_of(repository))


def test_what_git_hides_of_a_dirty_tree_counts(repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    (repository / "app").mkdir()
    git(repository, "config", "status.showUntrackedFiles", "no")
    (repository / "app/new.py").write_text("not tracked")
    dirty = {tag_of(repository)}
    for content in ("one", "two"):
        (repository / "app/a.log").write_text(content)  # ignored by git, seen by the build
        dirty.add(tag_of(repository))

    assert len(dirty) == 3
    assert all("-dirty." in tag for tag in dirty)


def test_another_python_is_another_tag(repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "tag", "v1.2.3")

    assert tag_of(repository, python="3.11") == "x:1.2.3-python3.11-slim"


def test_a_release_is_not_made_under_a_version_that_it_has_nowhere_else(repository: Path, tmp_path: Path) -> None:
    git(repository, "add", ".")
    for message in ("first", "second"):
        git(repository, "commit", "--quiet", "--allow-empty", "-m", message)
    git(repository, "clone", "--quiet", "--depth", "1", f"file://{repository}", "clone")
    checkout = Checkout.at(repository / "clone", Steps())
    with pytest.raises(Problem, match=r"^This clone is shallow.*git fetch --unshallow --tags.*deploy --tag"):
        _ = TreeImage(checkout, dev=False).release
    assert TreeImage(checkout, dev=False).tag  # for what is about no release of this tree
    git(checkout.root, "fetch", "--quiet", "--unshallow")
    assert TreeImage(checkout, dev=False).release == tag_of(repository / "clone")


@pytest.mark.parametrize("dev", [True, False], ids=["dev", "prod"])
def test_a_version_without_a_commit_is_said_where_an_image_is_made_of_it(
    repository: Path, dev: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(TreeImage, "is_built", lambda _: False)
    monkeypatch.setattr(build, "build", lambda *_: None)

    def said() -> str:
        image = TreeImage(Checkout.at(repository, Steps()), dev)
        _ = dev or image.release
        image.prepare()
        return capsys.readouterr().err

    assert said().count("  the version names no commit: nothing is committed yet. git add . && git commit\n") == 1
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    assert "commit" not in said()
