"""Recorded lock files, beside what the program that made them exports: the same packages wherever they are installed.

In locks/ lies a small project of each kind; NAME.txt is the export of a group or an extra. Their files are cut to one
wheel of each package.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.markers import Marker

from slipway.image.wheels import environment
from slipway.project.lockfile import Lockfile, canonical
from slipway.virtualenv import markers
from tests.support import ROOT

LOCKS = ROOT / "tests/slipway/project/locks"
# Of each export: the lock file, and the groups that it has.
POETRY = {"main": "main", "dev": "main dev", "fast": "main fast", "lint": "lint"}
EXPORTS = {
    f"{lock}/{name}": groups
    for lock, names in {
        "uv/uv.lock": {"main": "main", "dev": "main dev", "fast": "main fast", "all": "main all", "lint": "lint"},
        "conflicts/uv.lock": {"main": "main"} | {one: f"main {one}" for one in ("dev", "old", "cpu", "gpu")},
        "pylock/pylock.toml": {"main": "main"},
        "poetry/poetry.lock": POETRY,
        "poetry-before/poetry.lock": POETRY,
    }.items()
    for name, groups in names.items()
}
OTHERS: tuple[dict[str, str], ...] = (
    {},
    {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
    {"platform_python_implementation": "PyPy", "implementation_name": "pypy"},
)


def environments() -> Iterator[dict[str, str]]:
    """Yield where a project may be installed."""
    for python in ("3.10.4", "3.11.0", "3.12.7", "3.13.1", "3.14.0"):
        yield from (environment(python, "x86_64") | other for other in OTHERS)


def installed(lock: Lockfile, groups: list[str], where: Mapping[str, str]) -> dict[str, tuple[str, frozenset[str]]]:
    """Return what these groups install somewhere: versions and hashes by name."""
    found = {}
    for one in lock.of(*groups):
        marker = one.marker(groups)
        holds = markers.holds(marker, where)
        assert holds == (not marker or Marker(marker).evaluate(dict(where))), marker
        if holds:
            assert canonical(one.name) not in found
            # A folder's version is what it says itself: not each kind has it.
            found[canonical(one.name)] = ("" if one.folder else one.version, frozenset(one.files.values()))
    return found


@pytest.mark.parametrize("export", EXPORTS)
def test_a_lock_file_says_what_its_program_exports(export: str) -> None:
    path, _, name = export.rpartition("/")
    lock, theirs = Lockfile.at(LOCKS / path), Lockfile.at((LOCKS / path).parent / f"{name}.txt")
    groups = EXPORTS[export].split()

    for where in environments():
        assert installed(lock, groups, where) == installed(theirs, ["main"], where), where


@pytest.mark.parametrize(
    ("lock", "source", "groups"),
    [
        ("uv/uv.lock", ".", {"main", "dev", "lint", "all", "fast"}),
        ("conflicts/uv.lock", "", {"main", "dev", "old", "cpu", "gpu"}),
        ("pylock/pylock.toml", ".", {"main"}),
        ("poetry/poetry.lock", ".", {"main", "dev", "lint", "fast"}),
        ("poetry-before/poetry.lock", ".", {"main", "dev", "lint", "fast"}),
    ],
)
def test_a_lock_file_has_groups_and_says_whether_the_project_is_installed(
    lock: str, source: str, groups: set[str]
) -> None:
    found = Lockfile.at(LOCKS / lock)

    assert (found.source, found.groups) == (source, groups)
    assert found.root_package == ((LOCKS / lock).parent if source else None)


def test_no_recorded_file_names_an_index() -> None:
    for path in LOCKS.rglob("*.*"):
        text = path.read_text() if path.is_file() else ""
        assert "pythonhosted" not in text, path


def test_packages_that_are_folders_are_seen(tmp_path: Path) -> None:
    for lock in ("uv/uv.lock", "pylock/pylock.toml"):
        (ours,) = (one for one in Lockfile.at(LOCKS / lock).packages if one.folder)
        assert (ours.name, ours.folder) == ("ours", "libs/ours")
