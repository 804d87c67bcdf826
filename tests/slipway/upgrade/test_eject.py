"""What Slipway's package gives an adopted project at each call, written into it for good."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine import packaged
from slipway.project import adopted
from slipway.project.config import Project
from slipway.upgrade import eject
from tests.slipway.upgrade.support import snapshot

NAMES = {*packaged.COMPOSE, *packaged.OTHERS}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Give a project that has a Dockerfile of its own."""
    (tmp_path / "Dockerfile").write_text("FROM python:3.12-slim\n")
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    return Project(tmp_path, "shop", "0.1.0", secrets={"API_KEY": 32})


def ejected(project: Project) -> eject.Ejection:
    found = eject.plan(project)
    assert found
    return found


def test_all_files_come_into_the_projects_folder_and_are_taken_from_there(shop: Project) -> None:
    assert packaged.where(shop) == ".slipway/files"
    ejected(shop).write()
    assert set(snapshot(shop.root)) == NAMES | {"Dockerfile", "docker-compose.yml"}
    assert (packaged.where(shop), adopted.has_packaged_files(shop)) == ("", False)
    assert not list((shop.root / ".slipway").iterdir())
    assert eject.plan(shop) is None


def test_they_name_each_other_where_they_lie(shop: Project) -> None:
    made, before = eject.generated(shop), packaged.rendered(shop)
    assert made.keys() == before.keys() == NAMES
    assert not [name for name, text in made.items() if ".slipway/files" in text]
    assert "{file: compose.yaml" in made["compose.release.yaml"]
    assert "{file: .slipway/files/compose.yaml" in before["compose.release.yaml"]


def test_nothing_is_written_over_a_file_of_the_projects(shop: Project) -> None:
    (shop.root / "compose.yaml").write_text("services: {}\n")
    before = snapshot(shop.root)
    with pytest.raises(Problem, match=r"^compose\.yaml: you have other files .* Nothing was changed"):
        eject.plan(shop)
    assert snapshot(shop.root) == before


def test_what_is_there_already_as_it_would_be_is_left_alone(shop: Project) -> None:
    (shop.root / "Caddyfile").write_text(eject.generated(shop)["Caddyfile"])
    found = ejected(shop)
    assert found.kept == ("Caddyfile",)
    assert set(found.files) == NAMES - {"Caddyfile"}


def test_a_diff_shows_all_that_is_written(shop: Project) -> None:
    lines = list(ejected(shop).diff())
    assert [line for line in lines if line.startswith("+++ ")] == [f"+++ {name}" for name in eject.generated(shop)]
    assert len([line for line in lines if line.startswith("+") and not line.startswith("+++ ")]) == sum(
        len(text.splitlines()) for text in eject.generated(shop).values()
    )


def test_a_project_whose_files_are_its_own_gets_nothing(shop: Project) -> None:
    (shop.root / "Dockerfile").write_text("FROM scratch\nARG SCHEMA=\nLABEL dev.slipway.schema=$SCHEMA\n")
    assert eject.plan(replace(shop)) is None


@pytest.mark.parametrize(("theirs", "shadowed"), [("docker-compose.yml", "docker-compose.yml"), ("other.yml", "")])
def test_a_compose_file_that_is_no_longer_read_unasked_is_named(shop: Project, theirs: str, shadowed: str) -> None:
    (shop.root / "docker-compose.yml").rename(shop.root / theirs)
    assert ejected(shop).shadowed == shadowed
