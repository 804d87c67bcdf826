"""An upgrade from one wheel to another, in a project that was changed meanwhile, with git's own merge."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.template.protocol import File, Kind
from slipway.upgrade.plan import Fate
from slipway.upgrade.run import Wanted, carry_out, prepare
from slipway.upgrade.source import Wheel
from tests.slipway.upgrade.support import Contents, prepared, project, shell, snapshot, upgraded, wheel

COMPOSE = b"services:\n  db:\n    image: postgres:17\n\n  web:\n    image: NAME\n    ports:\n      - 8000\n"
OLD: Contents = {
    "inv": File(b"#!/bin/sh\necho old\n", Kind.EXECUTABLE),
    "compose.yaml": COMPOSE,
    "Dockerfile": b"FROM python:3.13\nRUN one\n",
    "gone.txt": b"gone\n",
    "deleted.txt": b"old\n",
}
NEW: Contents = {
    "inv": File(b"#!/bin/sh\necho new\n", Kind.EXECUTABLE),
    "compose.yaml": COMPOSE.replace(b"postgres:17", b"postgres:18"),
    "Dockerfile": b"FROM python:3.14\nRUN one\n",
    "deleted.txt": b"new\n",
    "fresh/new.sh": File(b"fresh NAME\n", Kind.EXECUTABLE),
}
OUTSIDE = "./../slipway_tasks-0.2.0-py3-none-any.whl --hash=sha256:00\n"
CHANGELOG = "# Changelog\n\n## 0.3.0 (2026-12-01)\n\n- Faster.\n\n## 0.2.0 (2026-11-01)\n\n- First.\n"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A wheel of the version to come."""
    return wheel(tmp_path / "new", "0.3.0", NEW, CHANGELOG)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of the version before."""
    return project(tmp_path / "shop", wheel(tmp_path / "old", "0.2.0", OLD), OLD)


def fates(root: Path, to: Path, folder: Path) -> dict[str, Fate]:
    return {one.path: one.fate for one in prepared(root, to, folder).changes}


def test_what_nobody_has_changed_is_replaced(root: Path, new: Path, tmp_path: Path) -> None:
    (root / "deleted.txt").unlink()
    assert fates(root, new, tmp_path) == {
        "inv": Fate.REPLACED, "compose.yaml": Fate.REPLACED, "Dockerfile": Fate.REPLACED, "gone.txt": Fate.REMOVED,
        "deleted.txt": Fate.GONE, "fresh/new.sh": Fate.ADDED,
    }  # fmt: skip
    upgraded(root, new, tmp_path)
    assert (root / "inv").read_bytes() == b"#!/bin/sh\necho new\n"
    assert (root / "inv").stat().st_mode & 0o111
    assert (root / "fresh/new.sh").read_bytes() == b"fresh shop\n"
    assert (root / "fresh/new.sh").stat().st_mode & 0o100
    assert not (root / "gone.txt").exists()
    assert not (root / "deleted.txt").exists()


def test_the_lock_and_the_wheel_change_with_it(root: Path, new: Path, tmp_path: Path) -> None:
    upgraded(root, new, tmp_path)
    assert [path.name for path in (root / "vendor").iterdir()] == [new.name]
    lines = (root / "slipway.lock").read_text().splitlines()
    assert lines[0] == "# The project's files: slipway new shop"
    assert lines[1].startswith(f"./vendor/{new.name} --hash=sha256:")
    assert lines[2] == "invoke==0.3.0"


def test_both_changes_are_merged(root: Path, new: Path, tmp_path: Path) -> None:
    compose = root / "compose.yaml"
    compose.write_text(compose.read_text() + "  cache:\n    image: redis:8\n")
    compose.chmod(0o600)
    then = upgraded(root, new, tmp_path)
    assert "postgres:18" in compose.read_text()
    assert "redis:8" in compose.read_text()
    assert compose.stat().st_mode & 0o777 == 0o600
    assert not [line for line in then if "conflict" in line]


def test_a_conflict_is_shown_as_git_shows_it(root: Path, new: Path, tmp_path: Path) -> None:
    (root / "Dockerfile").write_text("FROM company/python:3.13\nRUN one\n")
    assert fates(root, new, tmp_path)["Dockerfile"] is Fate.CONFLICT
    then = upgraded(root, new, tmp_path)
    text = (root / "Dockerfile").read_text()
    assert text.startswith("<<<<<<< yours\nFROM company/python:3.13\n")
    assert text.endswith(">>>>>>> Slipway 0.3.0\nRUN one\n")
    assert then[0].startswith("Dockerfile: resolve the conflict")
    assert "postgres:18" in (root / "compose.yaml").read_text()


def test_the_line_ends_of_windows_stay_in_a_conflict(root: Path, new: Path, tmp_path: Path) -> None:
    (root / "Dockerfile").write_bytes(b"FROM company/python:3.13\r\nRUN one\r\n")
    upgraded(root, new, tmp_path)
    text = (root / "Dockerfile").read_bytes()
    assert b"<<<<<<< yours\r\n" in text
    assert text.count(b"\n") == text.count(b"\r\n")


def test_a_second_call_does_nothing(root: Path, new: Path, tmp_path: Path) -> None:
    upgraded(root, new, tmp_path)
    before = snapshot(root)
    found = prepare(root, Wanted(wheel=new), shell(root), tmp_path)
    assert found == "Nothing to do: the project has Slipway 0.3.0."
    assert prepare(root, Wanted(to="0.3.0"), shell(root), tmp_path) == found
    assert snapshot(root) == before


def test_markers_are_never_merged_again(root: Path, new: Path, tmp_path: Path) -> None:
    (root / "Dockerfile").write_text("FROM company/python:3.13\nRUN one\n")
    upgraded(root, new, tmp_path)
    before = snapshot(root)
    newer = wheel(tmp_path / "newer", "0.4.0", NEW)
    for to, said in ((new, "Nothing to do.*in Dockerfile still"), (newer, "in Dockerfile, .*Nothing was changed")):
        with pytest.raises(Problem, match=said):
            prepare(root, Wanted(wheel=to), shell(root), tmp_path)
    assert snapshot(root) == before
    (root / "Dockerfile").write_text("FROM company/python:3.14\nRUN one\n")
    assert str(prepare(root, Wanted(wheel=new), shell(root), tmp_path)).startswith("Nothing to do")


def test_a_new_file_is_written_beside_another_of_that_name(root: Path, new: Path, tmp_path: Path) -> None:
    (root / "fresh").mkdir()
    (root / "fresh/new.sh").write_text("mine\n")
    then = upgraded(root, new, tmp_path)
    assert (root / "fresh/new.sh").read_text() == "mine\n"
    assert (root / ".slipway/upgrade-0.2.0/slipway/fresh/new.sh").read_text() == "fresh shop\n"
    assert "git diff --no-index fresh/new.sh .slipway/upgrade-0.2.0/slipway/fresh/new.sh" in then


def test_what_is_binary_is_written_beside(tmp_path: Path) -> None:
    old, mine, new = ({"logo": b"\0" + word} for word in (b"old", b"mine", b"new"))
    root = project(tmp_path / "shop", wheel(tmp_path / "old", "0.2.0", old), mine)
    upgraded(root, wheel(tmp_path / "new", "0.3.0", new), tmp_path)
    assert (root / "logo").read_bytes() == b"\0mine"
    assert (root / ".slipway/upgrade-0.2.0/slipway/logo").read_bytes() == b"\0new"


def test_what_is_behind_a_link_is_not_written(root: Path, new: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "fresh").symlink_to(elsewhere)
    assert fates(root, new, tmp_path)["fresh/new.sh"] is Fate.BESIDE
    upgraded(root, new, tmp_path)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("note", "does not say by which command"), ("wheel", "cannot be read"), ("hash", "its hash is another"),
        ("no protocol", "does not say what it writes"),
    ],
)  # fmt: skip
def test_without_a_base_nothing_but_slipway_itself_changes(
    how: str, said: str, root: Path, new: Path, tmp_path: Path
) -> None:
    was = Wheel.of(root / "vendor/slipway_tasks-0.2.0-py3-none-any.whl").hash
    lock, vendored = root / "slipway.lock", root / "vendor/slipway_tasks-0.2.0-py3-none-any.whl"
    if how == "note":
        lock.write_text("".join(lock.read_text().splitlines(keepends=True)[1:]))
    elif how == "wheel":
        vendored.unlink()
    elif how == "hash":
        vendored.write_bytes(vendored.read_bytes() + b"x")
    else:
        vendored.write_bytes(b"no archive")
        lock.write_text(lock.read_text().replace(was, sha256(b"no archive").hexdigest()))
    before = snapshot(root)
    found = prepared(root, new, tmp_path)
    assert said in found.unknown
    assert {one.fate for one in found.changes} == ({Fate.BESIDE} if how != "note" else set())
    carry_out(found)
    after = snapshot(root)
    assert {path for path in {**before, **after} if before.get(path) != after.get(path)} == {
        "slipway.lock", f"vendor/{new.name}", *([str(vendored.relative_to(root))] if how != "wheel" else []),
    }  # fmt: skip


def test_a_source_in_the_folder_is_nothing_to_upgrade(tmp_path: Path) -> None:
    (tmp_path / "slipway.lock").write_text("# comment\n-e .\ninvoke==3.0\n")
    assert "as source" in str(prepare(tmp_path, Wanted(to="9.0.0"), shell(tmp_path), tmp_path))


@pytest.mark.parametrize(
    "text", [None, "", "# nothing\n", "invoke==3.0\n", "./vendor/other.whl --hash=sha256:00\n", OUTSIDE]
)
def test_what_is_no_lock_of_slipways_is_said(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "slipway.lock").write_text(text)
    with pytest.raises(Problem, match="Nothing was changed"):
        prepare(tmp_path, Wanted(), shell(tmp_path), tmp_path)


def test_a_file_that_is_no_wheel_is_said(root: Path, tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"")
    for name, said in (("x.whl", "no wheel of Slipway"), ("slipway_tasks-1.0-py3-none-any.whl", "cannot be read")):
        with pytest.raises(Problem, match=said):
            prepare(root, Wanted(wheel=tmp_path / name), shell(root), tmp_path)


def test_without_git_nothing_is_merged(root: Path, new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "Dockerfile").write_text("FROM python:3.13\nRUN one\nRUN two\n")
    before = snapshot(root)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(Problem, match=r"git is not installed\. .*Nothing was changed"):
        prepared(root, new, tmp_path)
    assert snapshot(root) == before


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def test_what_git_has_needs_no_backup(root: Path, new: Path, tmp_path: Path) -> None:
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "all")
    found = prepared(root, new, tmp_path)
    assert found.uncommitted == []
    carry_out(found)
    assert not (root / ".slipway/upgrade-0.2.0").exists()


@pytest.mark.parametrize("how", ["no repository", "changed", "ignored"])
def test_what_git_does_not_have_is_kept(how: str, root: Path, new: Path, tmp_path: Path) -> None:
    if how != "no repository":
        (root / ".gitignore").write_text("compose.yaml\n" if how == "ignored" else "")
        git(root, "init")
        git(root, "add", ".")
        git(root, "commit", "-m", "all")
    mine = (root / "compose.yaml").read_text() + "# mine\n"
    (root / "compose.yaml").write_text(mine)
    found = prepared(root, new, tmp_path)
    assert found.uncommitted == (None if how == "no repository" else ["compose.yaml"])
    then = carry_out(found)
    assert (root / ".slipway/upgrade-0.2.0/before/compose.yaml").read_text() == mine
    assert any("upgrade-0.2.0/before" in line for line in then)


def test_a_wheel_that_git_would_leave_out_is_told(root: Path, new: Path, tmp_path: Path) -> None:
    (root / ".gitignore").write_text("*.whl\ncompose.yaml\n")
    git(root, "init")
    git(root, "add", "--force", ".")
    git(root, "commit", "-m", "all")
    then = carry_out(prepared(root, new, tmp_path))
    assert [line.partition(":")[0] for line in then if "--force" in line] == [f"git add --force vendor/{new.name}"]


def test_the_plan_shows_it_all(root: Path, new: Path, tmp_path: Path) -> None:
    (root / "Dockerfile").write_text("FROM company/python:3.13\nRUN one\n")
    before = snapshot(root)
    lines = prepared(root, new, tmp_path).lines()
    assert "slipway    0.2.0 -> 0.3.0" in lines
    assert "conflict   Dockerfile" in lines
    assert lines[:5] == ["## 0.3.0 (2026-12-01)", "", "- Faster.", "", "slipway    0.2.0 -> 0.3.0"]
    assert snapshot(root) == before
    assert not (root / ".slipway").exists()


def test_it_goes_back_the_same_way(root: Path, new: Path, tmp_path: Path) -> None:
    old = tmp_path / "old/slipway_tasks-0.2.0-py3-none-any.whl"
    compose = root / "compose.yaml"
    compose.write_text(compose.read_text() + "# mine\n")
    before = snapshot(root)
    upgraded(root, new, tmp_path)
    assert upgraded(root, old, tmp_path)
    assert snapshot(root) == before
