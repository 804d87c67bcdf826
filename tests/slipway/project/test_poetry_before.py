"""Poetry's lock files before 2.1: groups follow from pyproject.toml."""

import itertools
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Unusable
from slipway.project.locks.pep440 import allows, key

HASH = f"sha256:{'a' * 64}"


def package(name: str, *lines: str, version: str = "1.0", pythons: str = "*") -> str:
    """Return a package as Poetry locks it."""
    head = [f'name = "{name}"', f'version = "{version}"', f'python-versions = "{pythons}"', "optional = false"]
    return "\n".join(["[[package]]", *head, f'files = [{{file = "{name}.whl", hash = "{HASH}"}}]', *lines, ""])


def read(folder: Path, about: str, *packages: str) -> Lockfile:
    """Write a project, and read its lock file."""
    (folder / "pyproject.toml").write_text(about)
    (folder / "poetry.lock").write_text("\n".join([*packages, '[metadata]\nlock-version = "2.0"\n']))
    return Lockfile.read(folder)


def markers(lock: Lockfile) -> dict[str, dict[str, str]]:
    """Return the groups of each package, by name and version."""
    return {f"{one.name} {one.version}": dict(one.markers) for one in lock.packages}


def test_groups_and_extras_are_those_of_the_project(tmp_path: Path) -> None:
    about = """
    [tool.poetry.dependencies]
    python = "^3.11"
    One = "*"
    two = {version = "*", optional = true}
    [tool.poetry.extras]
    fast = ["Two"]
    [tool.poetry.dev-dependencies]
    three = "*"
    [tool.poetry.group.docs.dependencies]
    four = {version = "*", python = "<3.12", platform = "linux"}
    """
    lock = read(tmp_path, about, *map(package, ("one", "two", "three", "four", "five")))

    assert markers(lock) == {
        "one 1.0": {"main": ""},
        "two 1.0": {"fast": ""},
        "three 1.0": {"dev": ""},
        "four 1.0": {"docs": 'python_full_version < "3.12" and sys_platform == "linux"'},
    }


def test_a_project_may_be_described_as_the_standard_says(tmp_path: Path) -> None:
    about = "[project]\ndependencies = [\"one[x]>=1 ; os_name == 'nt'\"]\noptional-dependencies = {fast = ['two']}\n"
    extra = '[package.dependencies]\nthree = {version = "*", optional = true}\n[package.extras]\nx = ["three (>=1)"]'
    lock = read(tmp_path, about, package("one", extra), package("two"), package("three"))

    assert markers(lock) == {
        "one 1.0": {"main": "os_name == 'nt'"},
        "two 1.0": {"fast": ""},
        "three 1.0": {"main": "os_name == 'nt'"},
    }


def test_an_extra_may_be_a_part_of_a_marker(tmp_path: Path) -> None:
    tail = "two = {version = \"*\", optional = true, markers = \"os_name == 'nt' or extra == 'x'\"}"
    needs = f"[package.dependencies]\n{tail}"
    plain, with_extra = (
        '[tool.poetry.dependencies]\none = "*"\n',
        '[tool.poetry.dependencies]\none = {extras = ["x"]}\n',
    )

    assert markers(read(tmp_path, plain, package("one", needs), package("two")))["two 1.0"] == {
        "main": "os_name == 'nt'"
    }
    assert markers(read(tmp_path, with_extra, package("one", needs), package("two")))["two 1.0"] == {"main": ""}


def test_of_more_versions_each_python_gets_the_newest_that_is_allowed(tmp_path: Path) -> None:
    versions = [package("one", version=v, pythons=p) for v, p in (("1.0", "*"), ("2.0", ">=3.12"), ("3.0", ">=3.12"))]
    lock = read(tmp_path, '[tool.poetry.dependencies]\none = "<3"\n', *versions)

    assert markers(lock) == {
        "one 1.0": {"main": 'python_full_version < "3.12"'},
        "one 2.0": {"main": 'python_full_version >= "3.12"'},
    }


def test_files_of_the_oldest_form_stand_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.poetry.dependencies]\none = "*"\n')
    (tmp_path / "poetry.lock").write_text(
        '[[package]]\nname = "one"\nversion = "1.0"\ncategory = "main"\noptional = false\n'
        f'[metadata]\nlock-version = "1.1"\n[metadata.files]\none = [{{file = "one.whl", hash = "{HASH}"}}]\n'
    )
    assert Lockfile.read(tmp_path).requirements("main") == [f"one==1.0 --hash={HASH}"]


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="two is needed, and is no package of it: poetry lock"):
        read(tmp_path, '[tool.poetry.dependencies]\ntwo = "*"\n', package("one"))
    (tmp_path / "pyproject.toml").unlink()
    with pytest.raises(Unusable, match=r"without a pyproject.toml beside it"):
        Lockfile.read(tmp_path)


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused"),
    [
        ("^1.2", "1.9", "2.0"), ("^0.2.3", "0.2.9", "0.3"), ("^0.0.3", "0.0.3", "0.0.4"), ("~1.2", "1.2.9", "1.3"),
        ("~1", "1.9", "2"), ("~=1.2", "1.9", "2.0"), ("~=1.2.3", "1.2.9", "1.3"), ("1.2.*", "1.2.7", "1.3"),
        ("!=1.2.*", "1.3", "1.2.7"), ("*", "3", ""), (">=1,<2 || >=3", "3.1", "2.1"), ("1.0", "1.0.0", "1.0.1"),
        (">=1 <2", "1.5", "2"), ("<2", "2.0rc1", "2.0"), (" (>=1)", "1", "0.9"), ("", "1", ""),
    ],
)  # fmt: skip
def test_a_requirement_allows_what_poetry_allows(constraint: str, allowed: str, refused: str) -> None:
    assert allows(constraint, allowed)
    assert not refused or not allows(constraint, refused)


def test_versions_have_their_order() -> None:
    order = ["1.0.dev1", "1.0a1.dev2", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1.dev1", "1.0.post1", "1.1", "1!0.1"]
    assert all(key(one) < key(other) for one, other in itertools.pairwise(order))
    with pytest.raises(ValueError, match="'new' is no version"):
        key("new")


def test_kinds_of_candidates_are_one() -> None:
    assert len({key(f"1.0{kind}1") for kind in ("c", "rc", "pre", "-preview.")}) == 1
    assert key("1.0b9") < key("1.0c1") < key("1.0rc2") < key("1.0")
