"""Which lock file a project has, and what is said when that cannot be told."""

import hashlib
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Unusable, find, kind_of, sha256, update_command

HASHED = f"one==1 --hash=sha256:{'a' * 64}\n"
POETRY = 'package = []\n[metadata]\nlock-version = "2.1"\n'
UV = 'version = 1\n[[package]]\nname = "shop"\nversion = "1"\nsource = {{ editable = "{}" }}\n'
PYLOCK = 'lock-version = "1.0"\npackages = []\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poetry.lock", POETRY),
        ("uv.lock", UV.format(".")),
        ("pylock.toml", PYLOCK),
        ("pylock.shop.toml", PYLOCK),
        ("requirements.txt", HASHED),
    ],
)
def test_the_only_one_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    assert find(tmp_path) == tmp_path / name
    assert Lockfile.of_project(tmp_path).path == tmp_path / name


def test_of_more_the_named_one_counts(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(UV.format("."))
    (tmp_path / "requirements.txt").write_text(HASHED)

    with pytest.raises(Unusable, match=r'has uv.lock, requirements.txt: .*\[tool.slipway\] lock = "uv.lock"'):
        find(tmp_path)
    assert find(tmp_path, "requirements.txt").name == "requirements.txt"
    (tmp_path / "requirements.txt").write_text("one\n")
    assert find(tmp_path).name == "uv.lock", "a list without hashes is no lock file"


def test_one_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"\[tool.slipway\] lock names locks/uv.lock, which is not there"):
        find(tmp_path, "locks/uv.lock")


@pytest.mark.parametrize("text", ["one\n", "one==1.0\n", ""])
def test_a_list_without_hashes_is_refused_with_the_commands(tmp_path: Path, text: str) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    with pytest.raises(Unusable, match="`uv pip compile --generate-hashes` or `pip-compile --generate-hashes`"):
        find(tmp_path)


@pytest.mark.parametrize(("name", "command"), [("pdm.lock", "pdm export"), ("Pipfile.lock", "pipenv requirements")])
def test_a_kind_that_is_not_read_is_named(tmp_path: Path, name: str, command: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(Unusable, match=f"{name} is of a kind that Slipway does not read: {command}"):
        find(tmp_path)


def test_a_project_may_have_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no lock file"):
        find(tmp_path)


def test_a_member_of_a_workspace_has_that_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(UV.format("services/shop"))
    for place in ("services/shop", "services/other"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "pyproject.toml").write_text("")
    with pytest.raises(FileNotFoundError):
        find(tmp_path / "services/shop")
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["services/*"]\n')

    assert find(tmp_path / "services/shop") == (tmp_path / "uv.lock").resolve()
    assert Lockfile.of_project(tmp_path / "services/shop").root_package == (tmp_path / "services/shop").resolve()
    with pytest.raises(FileNotFoundError):
        find(tmp_path / "services/other")
    with pytest.raises(Unusable, match="it has no package of services/other: uv lock"):
        Lockfile.of_project(tmp_path / "services/other", "../../uv.lock")


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("locked", POETRY, "poetry"),
        ("locked", UV.format("."), "uv"),
        ("locked", PYLOCK, "pylock"),
        ("locked", HASHED, "pip"),
        ("prod.txt", HASHED, "pip"),
        ("slipway.lock", HASHED, "slipway"),
    ],
)
def test_a_kind_is_told_by_the_name_or_by_what_is_in_it(tmp_path: Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text)

    assert kind_of(tmp_path / name) == kind
    assert Lockfile.at(tmp_path / name).kind == kind


def test_what_updates_a_package_and_the_hash_are_those_of_the_file_that_is_there(tmp_path: Path) -> None:
    assert update_command(tmp_path) == "lock NAME anew"
    (tmp_path / "uv.lock").write_text(UV.format("."))
    assert update_command(tmp_path) == "uv lock --upgrade-package NAME"
    assert sha256(tmp_path) == hashlib.sha256((tmp_path / "uv.lock").read_bytes()).hexdigest()
    (tmp_path / "poetry.lock").write_text(POETRY)
    assert update_command(tmp_path) == "lock NAME anew"
    assert update_command(tmp_path, "poetry.lock") == "poetry update NAME --lock"
    assert sha256(tmp_path, "uv.lock") != sha256(tmp_path, "poetry.lock")
