"""Projects to release, each a repository of its own."""

import shutil
from pathlib import Path

import pytest

from slipway.engine import client
from slipway.project.checkout import Checkout
from slipway.release.attempt import Attempt
from tests.slipway.project.support import git
from tests.slipway.release.played import Engine, played
from tests.slipway.release.support import FILES, PROJECT, WHOLE, commit, write


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository of a project, tagged v1.2.3, with a commit since."""
    root = tmp_path_factory.mktemp("template")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.com")
    write(root, {"pyproject.toml": PROJECT, **FILES})
    commit(root, "First")
    git(root, "tag", "--annotate", "v1.2.3", "--message", "Release 1.2.3")
    (root / "new.py").touch()
    commit(root, "Since")
    return root


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    """Give a repository of a project, tagged v1.2.3, with a commit since; in a path with a space."""
    return Path(shutil.copytree(template, tmp_path / "a shop"))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give an engine that has the base image, and an empty registry; whether there is a real one doesn't matter."""
    monkeypatch.setattr(client, "probe", lambda: client.Engine("ready"))
    return Engine()


@pytest.fixture
def shop(repository: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Give a project that has something for every gate, with all linters and without oras."""
    write(repository, WHOLE)
    commit(repository, "Something for every gate")
    monkeypatch.setattr("shutil.which", lambda name: None if name == "oras" else f"/usr/bin/{name}")
    return played(repository, engine)


@pytest.fixture
def attempt(shop: Checkout) -> Attempt:
    """Give an attempt at 1.2.4, whose gates are to be passed."""
    made = Attempt(shop, "1.2.4")
    made.make(git(shop.root, "rev-parse", "HEAD"))
    made.write(())
    return made
