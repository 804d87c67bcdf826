"""Whose the project's folder is: git reads another user's, and what it starts does."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import clone, owner, tree
from tests.slipway.project.support import git
from tests.support import Checkout, as_ordinary_user

for_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the environment as it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def foreign(little: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Checkout:
    """Give root a clone of an ordinary user's, and a home with settings of git."""
    for name in ("SUDO_UID", owner.GLOBAL, "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home/.gitconfig").write_text("[user]\n\tname = Ours\n\temail = ours@example.com\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANGUAGE", "de")
    for words in (["init", "--quiet"], ["add", "tasks.py"], ["commit", "--quiet", "--message", "first"]):
        git(little.root, *words)
    as_ordinary_user(little.root)
    return little


def asked(folder: Path, *words: str) -> str:
    """Return what git says in a folder, "" when it refuses."""
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False).stdout.strip()


@for_root
def test_git_reads_anothers_clone_with_the_callers_own_settings(foreign: Checkout, tmp_path: Path) -> None:
    assert asked(foreign.root, "rev-parse", "HEAD") == ""
    owner.trust(foreign.root)
    commit = asked(foreign.root, "rev-parse", "HEAD")
    assert len(commit) == 40
    assert asked(foreign.root, "config", "user.name") == "Ours"
    shell = Shell(foreign.root, Steps())
    assert tree.read(foreign.root, shell).commit == commit
    assert (clone.clone(shell, tmp_path / "clone", commit) / "tasks.py").exists(), "what git starts reads it, too"
    inner = foreign.root / "below"
    inner.mkdir()
    os.environ.pop(owner.GLOBAL)
    owner.trust(inner)  # a project in a folder of its repository
    assert asked(inner, "rev-parse", "HEAD") == commit


@for_root
def test_settings_that_somebody_has_named_stay(foreign: Checkout, tmp_path: Path) -> None:
    (tmp_path / "named").write_text("[user]\n\tname = Named\n")
    os.environ[owner.GLOBAL] = str(tmp_path / "named")
    owner.trust(foreign.root)
    assert asked(foreign.root, "config", "user.name") == "Named"
    assert len(asked(foreign.root, "rev-parse", "HEAD")) == 40
    given = os.environ[owner.GLOBAL]
    owner.trust(foreign.root)  # a call within a call
    assert os.environ[owner.GLOBAL] == given
    assert asked(foreign.root, "config", "user.name") == "Named"


@for_root
def test_a_verb_in_anothers_clone_names_its_commit(foreign: Checkout) -> None:
    done = foreign.inv("build", DOCKER_HOST="unix:///nowhere")
    assert "dubious" not in done.stderr
    assert foreign.inv("status", "--runtime", "host").returncode == 0


@for_root
@pytest.mark.parametrize("why", ["no git", "sudo", "one's own"])
def test_where_git_says_nothing_against_it_nothing_is_written(
    foreign: Checkout, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if why == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif why == "sudo":
        monkeypatch.setenv("SUDO_UID", str(foreign.root.stat().st_uid))
    else:
        subprocess.run(["chown", "-R", "0:0", str(foreign.root)], check=True)
    owner.trust(foreign.root)
    assert owner.GLOBAL not in os.environ
    assert not (foreign.root / owner.FILE).exists()


def test_odd_names_are_quoted_as_git_reads_them(tmp_path: Path) -> None:
    top = tmp_path / 'a "b" \\c'
    (top / ".git").mkdir(parents=True)
    other = tmp_path / 'other "x"'
    other.write_text("[user]\n\tname = Odd\n")
    (tmp_path / "config").write_text(owner.configuration(top / "below", [other]))
    named = ["config", "--file", str(tmp_path / "config"), "--includes", "--get-all"]
    git(tmp_path, "--version")
    assert asked(tmp_path, *named, "safe.directory").splitlines() == [str(top), str(top / ".git")]
    assert asked(tmp_path, *named, "user.name") == "Odd"
