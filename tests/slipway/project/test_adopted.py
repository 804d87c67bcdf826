"""Whose Dockerfile and Compose files a project has, and what a build of its own Dockerfile sees."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.project import adopted
from slipway.project.config import Project
from tests.support import ROOT

OWN = "FROM python:3.12-slim\nCOPY . /app\n"


def project(root: Path, **more: str) -> Project:
    """Return a project in a folder."""
    return replace(Project(root, "shop", "0.1.0"), **more)  # type: ignore[arg-type]


def test_the_dockerfile_of_this_repository_is_slipways(tmp_path: Path) -> None:
    assert not adopted.has_own_image(project(ROOT))
    shutil.copy(ROOT / "Dockerfile", tmp_path)
    assert not adopted.has_packaged_files(project(tmp_path))


@pytest.mark.parametrize(
    ("text", "own"),
    [(OWN, True), ("FROM scratch\nARG SCHEMA=\n", False), ("FROM a\nLABEL dev.slipway.inputs=b\n", False)],
    ids=["plain", "argument", "label"],
)
def test_a_dockerfile_is_the_projects_own_unless_it_takes_what_slipway_says(
    tmp_path: Path, text: str, own: bool
) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    assert adopted.has_own_image(project(tmp_path)) is own


def test_without_a_dockerfile_nothing_is_adopted(tmp_path: Path) -> None:
    assert not adopted.has_own_image(project(tmp_path))
    assert not adopted.has_packaged_files(project(tmp_path))


def test_compose_files_come_out_of_the_package_unless_the_project_has_slipways(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(OWN)
    (tmp_path / "compose.yaml").write_text("services: {}\n")  # its own
    assert adopted.has_packaged_files(project(tmp_path))
    (tmp_path / "compose.release.yaml").write_text("services: {}\n")
    assert not adopted.has_packaged_files(project(tmp_path))


def test_dockerfile_and_context_may_be_above(tmp_path: Path) -> None:
    backend = tmp_path / "backend"
    backend.mkdir()
    one = project(backend, context="..", dockerfile="../docker/Dockerfile")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text(OWN)
    assert adopted.has_own_image(one)
    assert adopted.context(one) == tmp_path
    assert adopted.ignore_file(one) == tmp_path / ".dockerignore"
    beside = backend / "../docker/Dockerfile.dockerignore"
    beside.write_text("x\n")
    assert adopted.ignore_file(one).samefile(beside)


def test_what_is_secret_stays_out_whatever_the_project_lets_through(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("\ufeffdocs\n!.env")
    assert adopted.ignored(project(tmp_path)) == f"docs\n!.env\n{adopted.HIDDEN}"
    (tmp_path / ".dockerignore").unlink()
    assert adopted.ignored(project(tmp_path)) == adopted.HIDDEN
