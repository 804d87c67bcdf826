"""Specifiers and markers: read as the library `packaging` reads them, which is not there yet when .venv is made."""

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from slipway.image.wheels import environment
from slipway.project.lockfile import Lockfile
from slipway.virtualenv.markers import Unreadable, holds, within
from tests.support import ROOT

SPECIFIERS = (
    ">=3.11,<4", ">=3.11", "<3.13", "~=3.11", "~=3.11.4", "==3.12.*", "!=3.12.*", "!=3.11.7, >=3.11", "==3.13", ">3.11",
    "<=3.13.0", "", ">= 3.12",
)  # fmt: skip
VERSIONS = ("3.10.13", "3.11.0", "3.11.7", "3.12.1", "3.13.0", "3.14.2", "4.0.0")


@pytest.mark.parametrize("specifiers", SPECIFIERS)
def test_a_version_is_within_what_it_is_within(specifiers: str) -> None:
    for version in VERSIONS:
        assert within(version, specifiers) == (version in SpecifierSet(specifiers)), version


def test_a_candidate_comes_before_its_version() -> None:
    assert not within("3.15.0rc1", ">=3.15")
    assert within("3.15.0rc1", ">=3.14")


@pytest.mark.parametrize("python", ["3.11", "3.13.2"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "s390x"])
def test_all_markers_of_this_project_hold_where_they_hold(python: str, machine: str) -> None:
    where = environment(python, machine)
    markers = {one.marker(["main", "dev"]) for one in Lockfile.read(ROOT).packages} - {""}
    markers |= {f"python_full_version {one} '3.13.0'" for one in ("<", ">=", "!=")}
    markers |= {"python_version in '3.11 3.12'", "'linux' not in sys_platform", "extra == 'fast' or os_name == 'posix'"}
    markers |= {"python_version ~= '3.12'", "'3.12' <= python_version", "python_full_version === '3.13.2'"}
    markers |= {"(os_name == 'nt' or 'x' in platform_machine) and python_version != '3.12.*'", 'os_name == "posix"'}
    markers |= {"platform_python_implementation not in 'PyPy Jython'", "os_name == 'nt' or (os_name == 'posix')"}
    assert len(markers) > 8
    for marker in markers:
        assert holds(marker, where) == Marker(marker).evaluate(dict(where)), marker


@pytest.mark.parametrize(
    "marker", ["os_name ~= 'nt'", "os_name === 'nt'", "colour == 'red'", "os_name > 'nt'", "os_name", "1 =="]
)
def test_what_is_not_read_is_said(marker: str) -> None:
    with pytest.raises(Unreadable):
        holds(marker, environment("3.13", "x86_64"))


@pytest.mark.parametrize("specifier", ["3.11", "^3.11", ">=3.11.*", ">=x"])
def test_what_is_no_specifier_is_said(specifier: str) -> None:
    with pytest.raises(Unreadable):
        within("3.13.0", specifier)
