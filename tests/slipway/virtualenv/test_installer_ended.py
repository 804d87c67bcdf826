"""What is left when the making of an environment is ended: a terminal that closes, a process that is killed."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from slipway.core.processes import exists
from tests.slipway.virtualenv.support import Project
from tests.support import wait_for

# Stands for uv: begins to install, and never ends.
UV = """#!/bin/sh
[ "$1" = --version ] && { echo "uv 0.9.0"; exit; }
echo $$ >"$BEGUN.new" && mv "$BEGUN.new" "$BEGUN"
exec sleep 600
"""


def begin(project: Project, folder: Path, prefix: tuple[str, ...] = ()) -> tuple["subprocess.Popen[str]", int]:
    """Call a verb, which makes an environment; return its process, and the installer's id once that is at work."""
    begun = folder / "begun"
    begun.unlink(missing_ok=True)
    uv = folder / "bin/uv"
    uv.parent.mkdir(exist_ok=True)
    uv.write_text(UV)
    uv.chmod(0o755)
    env = {**os.environ, "PATH": f"{uv.parent}{os.pathsep}{os.environ['PATH']}", "BEGUN": str(begun)}
    env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project.index), "PIP_CONFIG_FILE": os.devnull}
    argv = [*prefix, str(project.root / "inv"), "up"]
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(begun.exists)
    return process, int(begun.read_text())


def made_in_the_end(project: Project) -> None:
    """Show that the next call makes what was not made to its end, and leaves nothing beside."""
    done = project.inv("up")
    assert done.returncode == 0, done.stderr
    assert ".slipway/venv was not made to the end: making it anew" in done.stderr
    assert sorted(one.name for one in (project.root / ".slipway").iterdir()) == ["bootstrap.lock", "venv"]


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_signal_ends_the_installer_as_well(project: Project, tmp_path: Path, signum: signal.Signals) -> None:
    process, installer = begin(project, tmp_path)
    process.send_signal(signum)
    said = process.communicate(timeout=60)[1]
    assert "Traceback" not in said
    assert process.returncode == (1 if signum is signal.SIGINT else 128 + signum)
    assert not exists(installer)
    assert not (project.root / ".slipway/installer").exists()
    made_in_the_end(project)


def test_who_wants_to_outlive_the_terminal_does(project: Project, tmp_path: Path) -> None:
    process, installer = begin(project, tmp_path, ("nohup",))
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert exists(installer)
    process.terminate()
    process.communicate(timeout=60)
    assert not exists(installer)


def test_what_a_killed_call_has_left_is_cleared_by_the_next(project: Project, tmp_path: Path) -> None:
    process, installer = begin(project, tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert (project.root / ".slipway/installer/packages-uv.txt").exists()
    os.kill(installer, signal.SIGKILL)  # the next call would wait for its end
    made_in_the_end(project)
