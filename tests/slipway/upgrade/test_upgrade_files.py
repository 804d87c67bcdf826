"""Files that are written all or none: where one cannot be, where who writes is killed, where somebody else writes."""

import os
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.template.protocol import File, Kind
from slipway.upgrade import files, run
from slipway.upgrade.files import Backup, Becomes, look, unfinished
from tests.slipway.upgrade.support import snapshot

BECOMES: Becomes = {
    "a.txt": File(b"new a\n"),
    "fresh/deep/b.txt": File(b"new b\n"),
    "gone/c.txt": None,
    "d.sh": File(b"new d\n", Kind.EXECUTABLE),
    "link": File(b"d.sh", Kind.LINK),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project."""
    for path, text in {"a.txt": "old a\n", "gone/c.txt": "old c\n", "d.sh": "old d\n", "z.txt": "z\n"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "link").symlink_to("a.txt")
    return tmp_path


def test_all_are_written(root: Path) -> None:
    Backup.new(root, "0.2.0").write(BECOMES)
    assert look(root, BECOMES) == {path: file for path, file in BECOMES.items() if file}
    assert not (root / "gone").exists()
    assert not list(root.rglob("*.slipway-new"))
    assert not list(unfinished(root))


def test_what_was_there_is_kept_as_it_was(root: Path) -> None:
    before = look(root, BECOMES)
    backup = Backup.new(root, "0.2.0")
    backup.write(BECOMES)
    assert look(backup.folder / "before", BECOMES) == before


def test_a_backup_never_takes_the_place_of_another(root: Path) -> None:
    for expected in ("upgrade-0.2.0", "upgrade-0.2.0-2", "upgrade-0.2.0-3"):
        backup = Backup.new(root, "0.2.0")
        backup.write({"a.txt": File(expected.encode())})
        assert backup.folder.name == expected


@pytest.mark.parametrize("at", range(17))
def test_when_one_cannot_be_written_all_are_as_before(at: int, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, calls = (snapshot(root), look(root, BECOMES)), iter(range(99))
    for name in ("_prepare", "_settle"):
        monkeypatch.setattr(files, name, failing(getattr(files, name), lambda: next(calls) == at))
    with pytest.raises(Problem, match=r"No space left on device.*All is as it was before"):
        Backup.new(root, "0.2.0").write(BECOMES)
    assert (snapshot(root), look(root, BECOMES)) == before
    assert not list(root.glob("*.slipway-new"))
    assert not (root / "fresh").exists()
    assert not list(unfinished(root))


def failing(real: "object", now: "object") -> "object":
    """Return a function that has no room at one of its calls."""

    def call(*args: object, **kwargs: object) -> object:
        if now():  # type: ignore[operator]
            raise OSError(28, "No space left on device", str(args[0]))
        return real(*args, **kwargs)  # type: ignore[operator]

    return call


class Killed(BaseException):
    """Stands for SIGKILL: nothing tidies up."""


def killed(root: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write, and be killed when so many files have taken their place."""
    real, calls = files._settle, iter(range(99))

    def settle(folder: Path, path: str, file: File | None) -> None:
        if folder == root and next(calls) == after:
            raise Killed
        real(folder, path, file)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(files, "_settle", settle)
        patched.setattr(Backup, "put_back", lambda _: [])
        Backup.new(root, "0.2.0").write(BECOMES)


@pytest.mark.parametrize("after", range(5))
def test_who_was_killed_is_put_back(after: int, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(root), look(root, BECOMES)
    killed(root, after, monkeypatch)
    with pytest.raises(Problem, match="cut off here"):
        run.check_whole(root)
    assert run.put_back(root) == ["an upgrade that was cut off was taken back"]
    assert (snapshot(root), look(root, BECOMES)) == before
    assert run.put_back(root) == []
    run.check_whole(root)


def test_what_somebody_has_changed_since_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(root, 4, monkeypatch)
    (root / "a.txt").write_text("mine\n")
    assert run.put_back(root) == [
        "an upgrade that was cut off was taken back; you have changed a.txt since, which stays"
    ]
    assert (root / "a.txt").read_text() == "mine\n"
    assert (root / "d.sh").read_text() == "old d\n"


def test_the_users_mode_and_umask_count(root: Path) -> None:
    (root / "a.txt").chmod(0o640)
    before = os.umask(0o027)
    try:
        Backup.new(root, "0.2.0").write(BECOMES)
    finally:
        os.umask(before)
    modes = {path: (root / path).stat().st_mode & 0o777 for path in ("a.txt", "fresh/deep/b.txt", "d.sh")}
    assert modes["a.txt"] == 0o640
    assert modes["fresh/deep/b.txt"] == 0o640
    assert modes["d.sh"] & 0o111


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_said(root: Path) -> None:
    (root / "a.txt").chmod(0)
    with pytest.raises(Problem, match=r"a\.txt cannot be read"):
        look(root, BECOMES)
