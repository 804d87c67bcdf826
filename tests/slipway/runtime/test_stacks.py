"""What development and production have in common on an engine."""

from pathlib import Path

import pytest

from slipway.engine import containers
from slipway.engine.stack import Stack
from slipway.project.config import Project, load
from slipway.runtime import stacks
from tests.slipway.engine.support import Answers
from tests.support import ROOT


@pytest.mark.parametrize(
    ("with_volumes", "left", "removed"),
    [(True, "shop_ledger", [["docker", "volume", "rm", "shop_ledger"]]), (True, " ", []), (False, "", [])],
    ids=["some", "none", "kept"],
)
def test_volumes_that_compose_doesnt_know_go_as_those_do_that_it_knows(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    with_volumes: bool,
    left: str,
    removed: list[list[str]],
) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
    shell = Answers(" ", " ", "down", left, *["removed"] * len(removed))
    stacks.stop(Stack(shell, load(ROOT), "dev", dict), with_volumes)
    assert ("--volumes" in shell.asked[2]) == with_volumes
    assert shell.asked[4:] == removed
    assert all("label=com.docker.compose.project=shop" in argv for argv in shell.asked[3:4])
    assert "shop: nothing was running" in capsys.readouterr().err


def test_a_container_of_the_projects_own_compose_files_is_known(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.13\n")
    (tmp_path / "docker-compose.yml").touch()
    shop = Project(tmp_path, "shop", "1.0.0")

    def of(*files: str) -> str:
        return stacks.of_other_files(shop, {containers.FILES: ",".join(str(tmp_path / one) for one in files)})

    assert of("docker-compose.yml", "gone.yml") == "docker-compose.yml"
    assert of(".slipway/files/compose.yaml", ".slipway/dev/direct.yaml") == ""
    assert of("compose.yaml") == "", "of another branch, where Slipway's are written into the project"
    assert stacks.of_other_files(shop, {}) == ""
    (tmp_path / "compose.release.yaml").touch()
    assert of("docker-compose.yml") == "", "whose Compose files are the project's"
