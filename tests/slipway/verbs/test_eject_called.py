"""`inv eject`, as it is called: twice at once, cut off, and where it may not write."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.engine import packaged
from tests.adopted import Adopted
from tests.slipway.upgrade.support import snapshot
from tests.support import LITTLE, ROOT, free_port

NAMES = {*packaged.COMPOSE, *packaged.OTHERS}
KILLED = """
import os, signal, sys

def hook(event, told):
    if event == "os.rename" and str(told[1]).endswith("/compose.prod.yaml"):
        os.kill(os.getpid(), signal.SIGKILL)

from invoke.context import Context
from slipway.verbs.upgrade import eject
sys.addaudithook(hook)
eject(Context(), yes=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Adopted:
    """Give a project whose Compose files are Slipway's."""
    root = tmp_path / "little"
    shutil.copytree(LITTLE, root)
    for name in ("inv", "tasks.py"):
        shutil.copy(ROOT / name, root / name)
    made = Adopted(root, {"PORT": str(free_port()), "PYTHONPATH": str(ROOT)})
    made.write("slipway.lock", "-e .\n")
    made.write("Dockerfile", "FROM python:3.13-slim\n")
    (root / "compose.yaml").unlink()
    return made


def written(root: Path) -> set[str]:
    return NAMES & snapshot(root).keys()


def test_of_two_at_once_one_writes_and_the_other_waits(project: Adopted) -> None:
    both = [project.start("eject", "--yes") for _ in range(2)]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sum("  written    compose.yaml" in one for one in said) == 1
    assert sum("Nothing to write" in one for one in said) == 1
    assert written(project.root) == NAMES


def test_what_was_cut_off_is_taken_back_and_done(project: Adopted) -> None:
    before = snapshot(project.root)
    killed = subprocess.run(
        [sys.executable, "-P", "-c", KILLED], cwd=project.root, env=project.environ(), check=False, capture_output=True
    )
    assert killed.returncode == -9, killed.stderr
    assert written(project.root) == {"compose.yaml", "compose.override.yaml"}
    said = "n eject was cut off here, or is under way: ./inv eject takes back what it had written"
    assert f"  note       a{said}" in project.inv("env").stderr
    plan = project.inv("eject", "--plan")
    assert (plan.returncode, plan.stdout) == (1, "")
    assert f"A{said}" in plan.stderr

    done = project.inv("eject", "--yes")
    assert done.returncode == 0, done.stderr
    assert "  recovered  an eject that was cut off was taken back\n" in done.stderr
    assert snapshot(project.root).keys() == before.keys() | NAMES
    assert not list((project.root / ".slipway").glob("upgrade-*"))
    assert project.inv("env").returncode == 0


def test_where_nothing_may_be_written_nothing_is(project: Adopted) -> None:
    before = snapshot(project.root)
    (project.root / ".slipway").mkdir(exist_ok=True)
    project.by_an_ordinary_user()
    project.root.chmod(0o555)
    try:
        done = project.inv("eject", "--yes")
    finally:
        project.root.chmod(0o755)
        project.prefix = []
    assert done.returncode == 1
    assert "compose.yaml.slipway-new cannot be written: Permission denied. All is as it was before." in done.stderr
    assert snapshot(project.root) == before
