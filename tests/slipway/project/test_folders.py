"""Packages that are folders: what builds them is locked as well."""

from pathlib import Path

import pytest

from slipway.project import folders
from slipway.project.lockfile import Lockfile, Unusable
from tests.support import ROOT

FOLDER = """\
[[package]]
name = "ours"
version = "1.0"
groups = ["main"]
files = []

[package.source]
type = "directory"
url = "libs/ours"

"""
BUILDER = """\
[[package]]
name = "poetry-core"
version = "2.5"
groups = ["build"]
files = [{file = "poetry_core.whl", hash = "sha256:1"}]

"""
METADATA = '[metadata]\nlock-version = "2.1"\n'
REQUIRES = '[build-system]\nrequires = ["{}"]\n'


def builders(root: Path, about: str | None, locked: str = FOLDER + BUILDER) -> list[str]:
    """Return what builds the folders of a lock file, of which the one says so about itself."""
    if about is not None:
        (root / "libs/ours").mkdir(parents=True)
        (root / "libs/ours/pyproject.toml").write_text(about)
    (root / "poetry.lock").write_text(locked + METADATA)
    lock = Lockfile.read(root)
    return folders.builders(lock, lock.of("main", "dev"))


@pytest.mark.parametrize("named", ["poetry-core", "Poetry_Core>=2,<3", "poetry.core[x] ; python_version > '3'"])
def test_what_builds_a_folder_is_listed_with_its_hashes(tmp_path: Path, named: str) -> None:
    assert builders(tmp_path, REQUIRES.format(named)) == ["poetry-core==2.5 --hash=sha256:1"]


def test_without_folders_nothing_is_listed(tmp_path: Path) -> None:
    assert builders(tmp_path, None, BUILDER) == []


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (None, "which is not there: put it back, or name another one in pyproject.toml, then: poetry lock"),
        ("[build-system", "whose pyproject.toml is not valid TOML"),
        (REQUIRES.format("hatchling>=1"), "which is built with hatchling, .* add --group build 'hatchling>=1'$"),
        ("", "which is built with setuptools, .* poetry add --group build 'setuptools>=40.8.0'$"),
    ],
    ids=["away", "not toml", "not locked", "says nothing"],
)
def test_what_cannot_be_built_is_told_with_the_next_command(tmp_path: Path, about: str | None, told: str) -> None:
    with pytest.raises(Unusable, match=f"^ours comes from the folder libs/ours, {told}"):
        builders(tmp_path, about)


@pytest.mark.parametrize(
    ("about", "version"),
    [
        ('[project]\nversion = "1.1"\n', "1.1"),
        ('[tool.poetry]\nversion = "1.2"\n', "1.2"),
        ('[project]\ndynamic = ["version"]\n', ""),
        (None, ""),
    ],
)
def test_the_version_is_what_the_folder_says_itself(tmp_path: Path, about: str | None, version: str) -> None:
    if about is not None:
        (tmp_path / "pyproject.toml").write_text(about)
    assert folders.version(tmp_path) == version


def test_what_is_asked_for_and_not_locked_is_named(tmp_path: Path) -> None:
    assert folders.unlocked(ROOT) == ""
    asked = 'dependencies = ["Poetry.Core[x] ; python_version > \'3\'", "a>=1"]\n'
    groups = '[dependency-groups]\ndev = ["b", {include-group = "more"}]\nmore = ["ours~=1"]\n'
    poetry = '[tool.poetry.dependencies]\npython = ">=3"\nours = {path = "libs/ours"}\n'
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n{asked}{groups}{poetry}')
    assert folders.unlocked(tmp_path) == "", "there is no lock file"
    builders(tmp_path, f'{REQUIRES.format("poetry-core")}[project]\ndependencies = ["ours", "c"]\n')
    said = "pyproject.toml asks for a, b; libs/ours asks for c, of which poetry.lock has nothing: poetry lock"
    assert folders.unlocked(tmp_path) == said
