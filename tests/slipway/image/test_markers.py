"""Conditions of packages: which mean the same, and which hold nowhere."""

import pytest

from slipway.image.markers import Unreadable, differ, never

PYTHON = ">=3.11,<4"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", 'python_version >= "3.11" and python_version < "4"'),
        ('python_version == "3.11"', 'python_version < "3.12"'),
        ('sys_platform == "linux" or sys_platform == "darwin"', "sys_platform in 'linux darwin'"),
        ('os_name == "nt" and python_version < "3.13"', 'python_version < "3.13" and "nt" == os_name'),
        ('python_full_version < "3.13.2"', 'python_full_version <= "3.13.1"'),
        ('extra == "fast" or os_name == "nt"', 'os_name == "nt"'),
    ],
)
def test_what_holds_for_the_same_environments_is_the_same(one: str, other: str) -> None:
    assert differ(one, other, PYTHON) == differ(other, one, PYTHON) == ""


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ("", 'python_version < "3.14"', "python_full_version 3.14.0"),
        ('python_version < "3.12"', 'python_version <= "3.12"', "python_full_version 3.12.0"),
        ('python_full_version < "3.13.2"', 'python_full_version < "3.13.3"', "python_full_version 3.13.2"),
        ('sys_platform == "linux"', 'sys_platform != "win32"', "python_full_version 3.11.0, sys_platform another"),
        ("", 'extra == "fast"', "python_full_version 3.11.0"),
        ('os_name == "nt"', 'os_name == "nt" and platform_machine == "x86_64"', "os_name nt, platform_machine another"),
        ('implementation_name != "PyPy"', 'implementation_name != "pypy"', "implementation_name PyPy"),
    ],
)
def test_what_does_not_is_named(one: str, other: str, where: str) -> None:
    assert where in differ(one, other, PYTHON)
    assert where in differ(other, one, PYTHON)


def test_pythons_that_the_project_does_not_take_do_not_count() -> None:
    assert differ("", 'python_version < "3.14"', ">=3.11,<3.14") == ""
    assert differ("", 'python_full_version >= "3.11.4"', ">=3.11.4") == ""
    assert differ("", 'python_full_version >= "3.11.5"', ">=3.11.4")


@pytest.mark.parametrize(
    ("marker", "is_never"),
    [
        ('extra == "fast"', True), ('python_version < "3.11"', True), ('python_version < "3.12"', False), ("", False),
        ('sys_platform == "linux" and sys_platform == "darwin"', True), ('sys_platform == "emscripten"', False),
    ],
)  # fmt: skip
def test_what_no_environment_has_is_never(marker: str, is_never: bool) -> None:
    assert never(marker, PYTHON) is is_never


@pytest.mark.parametrize("text", ["sys_platform", 'platform == "x"', "os_name == nt", "]"])
def test_what_is_no_marker_is_told(text: str) -> None:
    with pytest.raises(Unreadable, match="no environment marker"):
        differ("", text, PYTHON)


def test_what_has_no_order_is_told() -> None:
    with pytest.raises(Unreadable, match="compares what cannot be compared"):
        differ("", 'sys_platform ~= "linux"', PYTHON)
