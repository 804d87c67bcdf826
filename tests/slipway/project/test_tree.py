"""Tags: one never means two things."""

import re
import subprocess
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.image import plan as image
from slipway.project import tree as version
from slipway.project.config import load
from slipway.project.tree import Tree, image_tag, moving, parse, raised

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("tree", "tag"),
    [
        (Tree(COMMIT, "", ("v1.2.3",), 0, ""), "1.2.3"),
        (Tree(COMMIT, "", ("v1.2.2",), 0, ""), "1.2.3-dev.0-0123456789ab"),
        (Tree(COMMIT, "", (), 4, ""), "1.2.3-dev.4-0123456789ab"),
        (Tree(COMMIT, "", ("v1.2.3",), 0, "f" * 64), "1.2.3-dev.0-0123456789ab-dirty.ffffffffffff"),
        (Tree("", "", (), 0, "e" * 64), "1.2.3-dev.0-nocommit-dirty.eeeeeeeeeeee"),
    ],
)
def test_image_tag(tree: Tree, tag: str) -> None:
    assert image_tag("1.2.3", tree) == tag


@pytest.mark.parametrize(("part", "new"), [("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")])
def test_raised(part: str, new: str) -> None:
    assert raised("1.2.3", part) == new


@pytest.mark.parametrize(("old", "part"), [("1.2.3", "micro"), ("1.2", "patch"), ("1.2.3rc1", "patch")])
def test_what_cannot_be_raised_is_a_problem(old: str, part: str) -> None:
    with pytest.raises(Problem):
        raised(old, part)


@pytest.mark.parametrize(
    ("new", "known", "tags"),
    [
        ("1.0.0", [], ["1.0", "1", "latest"]),
        ("1.2.4", ["1.2.3", "1.1.9", "0.9.0"], ["1.2", "1", "latest"]),
        ("1.1.10", ["1.2.0", "1.1.9"], ["1.1"]),
        ("1.9.9", ["1.9.8", "2.0.0"], ["1.9", "1"]),
        ("1.1.1", ["1.1.2", "2.0.0"], []),
        ("1.10.0", ["1.9.0", "1.10.0"], ["1.10", "1", "latest"]),
    ],
)
def test_a_tag_moves_to_the_highest_of_its_line_alone(new: str, known: list[str], tags: list[str]) -> None:
    assert moving(new, known) == tags


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3\n", "\u0661.2.3"])
def test_what_is_no_version_is_told(text: str) -> None:
    with pytest.raises(Problem, match=r"not X\.Y\.Z"):
        parse(text)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a git repository without a commit."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "A")
    git(tmp_path, "config", "user.email", "a@example.com")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / ".dockerignore").write_text("*\n!app\n!pyproject.toml\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    return tmp_path


def git(root: Path, *args: str) -> None:
    """Run git."""
    subprocess.run(["git", *args], cwd=root, check=True, capture_output=True)


def tag_of(root: Path) -> str:
    """Return the tag of the tree as it is now."""
    return image.of(load(root), image.read_tree(load(root), Shell(root, Steps()))).tag


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


def test_a_shallow_clone_is_known(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(repository, "add", ".")
    for message in ("first", "second"):
        git(repository, "commit", "--quiet", "--allow-empty", "-m", message)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", "--depth", "1", f"file://{repository}", ".")

    assert not version.read(repository, Shell(repository, Steps())).shallow
    assert version.read(clone, Shell(clone, Steps())).shallow


def test_another_python_is_another_tag(repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "tag", "v1.2.3")
    tree = version.read(repository, Shell(repository, Steps()))

    assert image.of(load(repository), tree, python="3.11").tag == "x:1.2.3-python3.11-slim"


def test_the_previous_release_is_the_last_one_before(repository: Path) -> None:
    def previous() -> str:
        return version.read(repository, Shell(repository, Steps())).previous

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
    seen = {version.digest(tmp_path, ["a", "b"])}
    (tmp_path / "a").chmod(0o755)
    seen.add(version.digest(tmp_path, ["a", "b"]))
    (tmp_path / "b").unlink()
    seen.add(version.digest(tmp_path, ["a", "b"]))

    assert len(seen) == 3
