"""The base images that are built on, those that are refused, and the wheels that fit them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.image.base import KNOWN, Base, choose
from slipway.image.wheels import without_wheel
from slipway.project.config import load
from slipway.project.lockfile import Lockfile, Package
from tests.support import ROOT

LOCK = Lockfile.read(ROOT)
PROJECT = replace(load(ROOT), requires_python=">=3.11.4,<3.15", python="3.13", variant="slim")


@pytest.mark.parametrize(
    ("python", "variant", "name"),
    [
        ("", "", "python:3.13-slim"),
        ("3.12", "", "python:3.12-slim"),
        ("", "full", "python:3.13"),
        ("3.14", "alpine", "python:3.14-alpine"),
        ("3.13.5", "alpine3.22", "python:3.13.5-alpine3.22"),
        ("3.14.0rc1", "slim-bookworm", "python:3.14.0rc1-slim-bookworm"),
        ("3.11", "trixie", "python:3.11-trixie"),
    ],
)
def test_variants_are_named_as_on_docker_hub(python: str, variant: str, name: str) -> None:
    assert choose(PROJECT, python, variant).name == name


@pytest.mark.parametrize(
    ("python", "variant", "said"),
    [
        ("", "windowsservercore", "it is Windows, where gunicorn does not run"),
        ("", "windowsservercore-ltsc2025", "it is Windows"),
        ("", "onbuild", "it ended in 2016"),
        ("", "bookwurm", "did you mean bookworm?"),
        ("", "../x", "take one of slim, full, alpine"),
        ("3.10", "", "requires-python = '>=3.11.4,<3.15'"),
        ("3.11.3", "", "requires-python"),
        ("3.15", "", "requires-python"),
        ("latest", "", "no version of Python"),
        ("3.13-slim", "", "no version of Python"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_reason(python: str, variant: str, said: str) -> None:
    with pytest.raises(Problem, match=r"--(python|variant)") as refused:
        choose(PROJECT, python, variant)

    assert said in str(refused.value)


@pytest.mark.parametrize("wrong", [{"variant": "onbuild"}, {"python": "3.9"}])
def test_what_pyproject_chooses_is_judged_alike(wrong: dict[str, str]) -> None:
    with pytest.raises(Problem, match=r"\[tool\.slipway\] (variant|python) = (onbuild|3\.9)"):
        choose(replace(PROJECT, **wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(("required", "python"), [("^3.11", "3.14"), ("~3.12", "3.12"), (">=3.10 || ~3.8", "3.8")])
def test_requires_python_may_be_in_the_words_of_poetry(required: str, python: str) -> None:
    mine = replace(PROJECT, requires_python=required)

    assert choose(mine, python).python == python
    with pytest.raises(Problem, match="requires-python"):
        choose(mine, "3.9")


def test_requires_python_that_cannot_be_read_is_told() -> None:
    with pytest.raises(Problem, match="no list of versions"):
        choose(replace(PROJECT, requires_python="abc"))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("variant", KNOWN)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_every_locked_package_has_a_wheel_for_every_base(python: str, variant: str, machine: str) -> None:
    assert without_wheel(LOCK, Base(python, variant), machine) == []


def locked(*files: str, marker: str = "", group: str = "main") -> Lockfile:
    """Return a lock file of one package."""
    return Lockfile(Path("poetry.lock"), (Package("x", "1", {group: marker}, dict.fromkeys(files, "sha256:0")),))


@pytest.mark.parametrize(
    ("variant", "files", "fits"),
    [
        ("slim", ("x-1.tar.gz",), False),
        ("slim", ("x-1-py3-none-any.whl",), True),
        ("slim", ("x-1-cp313-cp313-manylinux2014_x86_64.whl",), True),
        ("slim", ("x-1-cp311-abi3-manylinux_2_28_x86_64.whl",), True),
        ("slim", ("x-1-cp312-cp312-manylinux2014_x86_64.whl",), False),
        ("slim", ("x-1-cp313-cp313-manylinux2014_aarch64.whl",), False),
        ("slim", ("x-1-cp313-cp313-musllinux_1_2_x86_64.whl",), False),
        ("slim-bookworm", ("x-1-cp313-cp313-manylinux_2_38_x86_64.whl",), False),
        ("slim", ("x-1-cp313-cp313-manylinux_2_38_x86_64.whl",), True),
        ("alpine", ("x-1-cp313-cp313-musllinux_1_2_x86_64.whl",), True),
        ("alpine", ("x-1-cp313-cp313-manylinux2014_x86_64.whl",), False),
        ("alpine", ("x-1-cp313-cp313-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",), True),
    ],
)
def test_a_wheel_fits_by_its_tags(variant: str, files: tuple[str, ...], fits: bool) -> None:
    assert without_wheel(locked(*files), Base("3.13", variant), "x86_64") == ([] if fits else ["x 1"])


def test_a_list_of_hashes_does_not_tell_what_has_a_wheel() -> None:
    package = Package("x", "1", {"main": ""}, {"sha256:0": "sha256:0"})
    assert without_wheel(Lockfile(Path("requirements.txt"), (package,), "pip"), Base("3.13", "slim"), "x86_64") == []


@pytest.mark.parametrize("other", [{"marker": 'sys_platform == "win32"'}, {"group": "dev"}])
def test_what_is_not_installed_needs_no_wheel(other: dict[str, Any]) -> None:
    assert without_wheel(locked("x-1.tar.gz", **other), Base("3.13", "slim"), "x86_64") == []
