"""What is said of files that cannot be read or written."""

import errno
import os
from pathlib import Path

import psutil
import pytest

from slipway.core import disk
from slipway.core.errors import Problem
from slipway.core.permitted import permitted


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "No space is left on the disk: "),
        (errno.EDQUOT, "No space is left on the disk: "),
        (errno.EROFS, "cannot be written: its disk is read-only. Mount it to be written, or copy "),
        (errno.EACCES, "is closed to its own user: chmod -R u+rwX "),
        (errno.EPERM, "is closed to its own user: chmod -R u+rwX "),
        (errno.ENOENT, ""),
    ],
    ids=errno.errorcode.get,
)
def test_each_kind_of_error_has_a_sentence_of_its_own(tmp_path: Path, code: int, said: str) -> None:
    nameless = () if code in (errno.EACCES, errno.EPERM) else (None,)  # as of a write that fails
    for file in (tmp_path / "data/new", *nameless):
        error = OSError(code, os.strerror(code), *([str(file)] if file else []))
        sentence = disk.explained(error, tmp_path)
        assert said in sentence
        assert bool(said) == (code in disk.KNOWN) == (str(tmp_path) in sentence)


def test_whose_a_file_is_and_how_to_get_it_is_said() -> None:
    root, file = Path("/srv/shop"), "/srv/shop/.slipway/bootstrap.lock"
    assert disk.denied(file, root, 64123, 0) == (
        f"{file} is root's, and not this user's (64123): stop what root has running here (./inv down), then: "
        "sudo chown -R 64123 /srv/shop"
    )
    assert "is 54321's, and" in disk.denied(file, root, 64123, 54321)
    assert "is somebody else's, and" in disk.denied(file, root, 64123, None)
    assert disk.denied(file, root, 64123, 64123) == f"{file} is closed to its own user: chmod -R u+rwX /srv/shop"
    assert disk.denied("/etc/shadow", root, 64123, 0) == "/etc/shadow is not for this user (64123)."


def test_each_disk_is_named_once_by_its_first_folder(tmp_path: Path) -> None:
    said = disk.full(tmp_path / "not/there", tmp_path, tmp_path / "more")
    assert said.count(" free in ") == 1
    assert f" free in {tmp_path / 'not/there'}. Make room" in said


@pytest.mark.parametrize(
    ("said", "full"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", True),
        ('FATAL:  could not extend file "base/1": wrote only 4096 of 8192 bytes\nHINT:  Check free disk space.', True),
        ("ERROR: No matching distribution found for fastapi", False),
    ],
    ids=["pip", "PostgreSQL", "an index"],
)
def test_a_full_disk_is_known_by_what_programs_say(said: str, full: bool) -> None:
    assert disk.is_full(said) is full


def test_and_by_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not disk.is_full("failed", tmp_path)
    monkeypatch.setattr(disk, "LITTLE", 1 << 62)
    assert disk.is_full("failed", tmp_path)


def test_what_a_verb_may_not_do_is_a_problem_and_a_mistake_is_none(tmp_path: Path) -> None:
    said = "is read-only|Process 7 is this project's and another user's"
    for told in (OSError(errno.EROFS, "read-only", str(tmp_path)), psutil.AccessDenied(7)):
        with pytest.raises(Problem, match=said), permitted(tmp_path):
            raise told
    for mistake in (OSError(errno.EPERM, "of no file"), FileNotFoundError(errno.ENOENT, "gone", "x"), ValueError()):
        with pytest.raises(type(mistake)), permitted(tmp_path):
            raise mistake
