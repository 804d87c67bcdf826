"""An upgrade that is killed, at each of its steps: the next one has all as it was before, or as it is to be."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.template.protocol import File, Kind
from slipway.upgrade import run
from slipway.upgrade.source import Locked
from tests.slipway.upgrade.support import Contents, project, snapshot, wheel
from tests.support import ROOT

LETTERS = b"a\nb\nc\nd\ne\nf\n"
OLD: Contents = {
    "inv": File(b"#!/bin/sh\necho old\n", Kind.EXECUTABLE),
    "compose.yaml": LETTERS,
    "Dockerfile": b"FROM python:3.13\nRUN one\n",
    "gone/gone.txt": b"gone\n",
}
NEW: Contents = {
    "inv": File(b"#!/bin/sh\necho new\n", Kind.EXECUTABLE),
    "compose.yaml": LETTERS.replace(b"f", b"F"),
    "Dockerfile": b"FROM python:3.14\nRUN one\n",
    "fresh/deep/new.sh": File(b"fresh NAME\n", Kind.EXECUTABLE),
    "notes.txt": b"Slipway's\n",
}
# A merge, a conflict, and a file that is Slipway's from now on.
MINE = {
    "compose.yaml": LETTERS.replace(b"a", b"A"), "Dockerfile": b"FROM ours:3.13\nRUN one\n", "notes.txt": b"mine\n",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project of the version before, with changes of one's own."""
    root = project(tmp_path / "shop", wheel(tmp_path / "old", "0.2.0", OLD), OLD)
    for path, content in MINE.items():
        (root / path).write_bytes(content)
    (root / "compose.yaml").chmod(0o600)
    return root


def kept(root: Path) -> dict[str, bytes]:
    """Return what Slipway's own folder has."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.glob(".slipway/**/*") if path.is_file()}


def modes(root: Path) -> dict[str, int]:
    return {path: (root / path).stat().st_mode for path in snapshot(root)}


def test_whoever_is_killed_has_lost_nothing(root: Path, tmp_path: Path) -> None:
    new, folder = wheel(tmp_path / "new", "0.3.0", NEW), tmp_path / "killed"
    command = [sys.executable, "-P", "-m", "tests.slipway.upgrade.mortal", str(root), str(new), str(folder)]
    subprocess.run(command, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, check=True, timeout=120)
    *cut, whole = sorted(folder.iterdir())
    before, after = (snapshot(root), modes(root)), (snapshot(whole), modes(whole))
    assert b"<<<<<<< yours" in after[0]["Dockerfile"]
    assert {path.partition("/upgrade-0.2.0/")[2].partition("/")[0] for path in kept(whole)} == {
        "before", "slipway", "conflicts.txt",
    }  # fmt: skip

    for copy in cut:
        assert (copy / Locked.read(copy).file).is_file(), copy  # ./inv starts
        run.put_back(copy)
        assert (snapshot(copy), modes(copy), kept(copy)) in ((*before, {}), (*after, kept(whole))), copy
        run.check_whole(copy)
    assert len(cut) > 80
    assert snapshot(cut[0]) == before[0]
