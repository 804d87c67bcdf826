"""Which packages a Python that is started finds first."""

import os
import sys
from pathlib import Path

import pytest

from slipway.core.processes import spawn
from slipway.core.pythons import own_first
from slipway.core.shell import Shell
from slipway.core.steps import Steps

WHERE = "import psutil, theirs; print(psutil.__file__); print(theirs.__file__)"


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that PYTHONPATH names: it has a psutil of its own, and what nobody else has."""
    for name in ("psutil", "theirs"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_what_is_started_has_its_own_packages_and_what_pythonpath_alone_has(other: Path, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", WHERE]
    log = tmp_path / "log"
    spawn(argv, cwd=Path("/"), env=os.environ, log=log).wait()
    shown = Shell(Path("/"), Steps()).output(argv)
    for said in (shown, log.read_text().strip()):
        ours, theirs = said.splitlines()
        assert Path(ours).is_relative_to(sys.prefix)
        assert theirs == str(other / "theirs.py")


def test_other_programs_and_who_names_nothing_are_left_alone(other: Path) -> None:
    given = {"PYTHONPATH": str(other)}
    assert own_first(["docker", "ps"], given) == {}
    assert own_first([sys.executable], {}) == own_first([sys.executable], {"PYTHONPATH": ""}) == {}
    once = own_first([sys.executable], given)
    assert own_first([sys.executable], once) == once
