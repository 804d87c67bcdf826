"""Whose the project's folder is, and what another user is told before anything is left in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.bootstrap import make_venv
from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import owner, tree
from slipway.project.owner import refused, told
from tests.support import USER, Checkout, as_ordinary_user

for_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@pytest.fixture
def foreign(little: Checkout, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Give root a clone of an ordinary user's."""
    for name, value in (("SUDO_UID", ""), ("GIT_CONFIG_GLOBAL", os.devnull), ("LANGUAGE", "de")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SUDO_UID")
    subprocess.run(["git", "init", "--quiet"], cwd=little.root, check=True)
    as_ordinary_user(little.root)
    return little


def of_root(folder: Path) -> list[str]:
    """Name what root has left in a folder."""
    return [str(one.relative_to(folder)) for one in folder.rglob("*") if one.stat().st_uid == 0]


@for_root
def test_a_verb_that_makes_something_of_anothers_clone_says_so_before_it_leaves_anything(foreign: Checkout) -> None:
    said = f"{foreign.root} is {USER}'s, and git refuses to read it for root. Run this as {USER}: su {USER} -c "
    verbs: list[list[str]] = [["up"], ["build"], ["test", "--image"], ["test"], ["migrate"]]
    for verb in verbs:
        done = foreign.inv(*verb, PYTHONDONTWRITEBYTECODE="1", DOCKER_HOST="unix:///nowhere")
        assert done.returncode == 1
        assert said in done.stderr, done.stderr
    with pytest.raises(SystemExit, match="git refuses to read it for root"):
        make_venv(foreign.root)
    with pytest.raises(Problem, match="git refuses to read it for root"):
        tree.read(foreign.root, Shell(foreign.root, Steps()))
    assert of_root(foreign.root) == []
    for harmless in ("status", "down"):
        assert foreign.inv(harmless, "--runtime", "host", PYTHONDONTWRITEBYTECODE="1").returncode == 0


@for_root
def test_the_launcher_leaves_nothing_either(foreign: Checkout) -> None:
    (foreign.root / ".venv").symlink_to(sys.prefix)
    os.chown(foreign.root / ".venv", foreign.root.stat().st_uid, -1, follow_symlinks=False)
    env = {name: value for name, value in foreign.environ().items() if name != "PYTHONDONTWRITEBYTECODE"}

    def refuses(verb: str) -> bool:
        argv = [str(foreign.root / "inv"), verb]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert ("git refuses to read it" in done.stderr) is (done.returncode != 0), done.stderr
        return done.returncode != 0

    assert [refuses(verb) for verb in ("up", "status", "--list")] == [True, False, False]
    (foreign.root / ".venv").unlink()
    assert refuses("--list")  # it would make one
    assert of_root(foreign.root) == []


@for_root
@pytest.mark.parametrize("why", ["no git", "allowed", "sudo"])
def test_where_git_says_nothing_against_it_nothing_is_said(
    foreign: Checkout, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if why == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif why == "sudo":
        monkeypatch.setenv("SUDO_UID", str(foreign.root.stat().st_uid))
    else:
        (tmp_path / "gitconfig").write_text(f"[safe]\n\tdirectory = {foreign.root}\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert refused(foreign.root) == ""


def test_git_is_not_asked_about_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked"))
    assert refused(tmp_path) == ""


def test_the_next_command_is_one_that_this_user_may_run(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {0: "root", 1000: "dev", 1001: "other", 4711: "4711"}
    monkeypatch.setattr(owner, "named", names.__getitem__)
    root = Path("/srv/shop")
    assert "Run this as dev: su dev -c './inv …'. To let root use it (what it makes there is" in told(root, 0, 1000)
    assert "Run this as dev: sudo -u dev ./inv …. To let other use it " in told(root, 1001, 1000)
    nameless = told(root, 0, 4711)
    assert nameless == (
        "/srv/shop is 4711's, and git refuses to read it for root. To let root use it (what it makes there is "
        "root's): git config --global --add safe.directory /srv/shop"
    )
