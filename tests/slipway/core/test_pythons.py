"""Which packages a Python that is started finds first."""

import os
import subprocess
import sys
import venv
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


def test_its_library_comes_first_whatever_its_packages_are_called(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv/bin/python"
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    for folder, names in ((site, ("uuid", "ours", "sitecustomize")), (tmp_path / "theirs", ("ours", "theirs"))):
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / f"{name}.py").write_text("import builtins; builtins.seen = 'its own'\n")
    told = own_first([str(python)], {"PYTHONPATH": f"{tmp_path / 'theirs'}{os.pathsep}"})
    code = "import builtins, uuid, ours, theirs; print(builtins.seen, uuid.__file__, ours.__file__, theirs.__file__)"
    done = subprocess.run([python, "-c", code], env=told, cwd="/", capture_output=True, text=True, check=True)
    seen, library, ours, theirs = done.stdout.strip().rsplit(" ", 3)
    assert seen == "its own"
    assert not Path(library).is_relative_to(tmp_path)
    assert (ours, theirs) == (str(site / "ours.py"), str(tmp_path / "theirs/theirs.py"))


def test_other_programs_and_who_names_nothing_are_left_alone(other: Path) -> None:
    given = {"PYTHONPATH": str(other)}
    assert own_first(["docker", "ps"], given) == {}
    assert own_first([sys.executable], {}) == own_first([sys.executable], {"PYTHONPATH": ""}) == {}
    once = own_first([sys.executable], given)
    assert own_first([sys.executable], once) == {}
    again = own_first([sys.executable], {**once, "PYTHONPATH": f"/more{os.pathsep}{once['PYTHONPATH']}"})
    assert again == once | {"SLIPWAY_BEHIND": f"/more{os.pathsep}{other}"}
