"""Which pip works on an environment that has none."""

import sys
from pathlib import Path

import pytest

from slipway.core import pip
from slipway.virtualenv.install import Installer
from slipway.virtualenv.venv import service

MINE = "{}.{}".format(*sys.version_info)


@pytest.mark.parametrize("version", ["3.99", "mine"])
def test_an_environment_of_another_python_gets_its_own(tmp_path: Path, version: str) -> None:
    is_mine = version == "mine"
    venv = service(tmp_path, "uv.lock")
    venv.python.parent.mkdir(parents=True)
    (venv.path / "pyvenv.cfg").write_text(f"version = {MINE if is_mine else version}.0\n")
    venv.python.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/called\n')
    venv.python.chmod(0o755)

    command = Installer(venv, [], 1, {}).pip_command("list")

    wheel = pip.bundled()
    assert wheel, "Python comes with pip"
    its = [str(wheel / "pip")] if is_mine else ["-m", "pip"]
    assert command == [str(venv.python), *its, "--disable-pip-version-check", "list"]
    called = tmp_path / "called"
    assert (called.read_text() if called.exists() else "") == ("" if is_mine else "-m ensurepip --default-pip\n")
