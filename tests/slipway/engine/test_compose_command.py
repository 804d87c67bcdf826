"""The one place that spells `docker compose`."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine.compose import WITHOUT_ENV, compose_command, local_image, project_name
from slipway.project.config import Project, load
from tests.support import ROOT

MINIMAL = '[project]\nname = "thing"\nversion = "1.0.0"\n'


def project(root: Path, **values: str) -> Project:
    """Load a project, with some values of its own."""
    (root / "pyproject.toml").write_text(MINIMAL)
    return replace(load(root), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("folder", "environment", "environ", "name"),
    [
        ("My Service", "dev", {}, "myservice"),
        ("_x.y-Z", "dev", {}, "xy-z"),
        ("漢字", "dev", {}, "thing"),
        ("any", "dev", {"COMPOSE_PROJECT_NAME": "chosen"}, "chosen"),
        ("any", "prod", {}, "thing-prod"),
        ("any", "prod", {"COMPOSE_PROJECT_NAME": "chosen"}, "chosen-prod"),
        ("any", "test", {}, "any-test"),
        ("any", "test", {"COMPOSE_PROJECT_NAME": "chosen"}, "chosen-test"),
    ],
)
def test_environments_never_share_a_compose_project(
    tmp_path: Path, folder: str, environment: str, environ: dict[str, str], name: str
) -> None:
    (tmp_path / folder).mkdir()

    assert project_name(project(tmp_path / folder), environment, environ) == name


@pytest.mark.parametrize("name", ["shop", "shop-2", "a--b", "a__b", "2a_b"])
def test_two_checkouts_never_start_each_others_image(tmp_path: Path, name: str) -> None:
    assert local_image(project(tmp_path), "dev", {"COMPOSE_PROJECT_NAME": name}) == f"{name}:dev"
    by_compose = re.findall(r"image: \$\{IMAGE:-(.*?:dev)\}", (ROOT / "compose.yaml").read_text())
    assert by_compose == ["${COMPOSE_PROJECT_NAME}:dev"] * 2


@pytest.mark.parametrize("name", ["shop-", "shop_", "a___b", "a-_b"])
def test_what_names_no_image_is_told_with_a_name_that_does(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem, match=rf"'{name}' cannot give an image its name.*COMPOSE_PROJECT_NAME=thing$"):
        local_image(project(tmp_path), "dev", {"COMPOSE_PROJECT_NAME": name})


def test_compose_names_its_files_and_drops_none(tmp_path: Path) -> None:
    for name in ("compose.yaml", "compose.prod.yaml"):
        (tmp_path / name).touch()
    command = compose_command(project(tmp_path), "prod", "up", None, ["--wait", "web"])

    assert command[:2] == ["docker", "compose"]
    assert command[-7:] == ["--file", "compose.yaml", "--file", "compose.prod.yaml", "up", "--wait", "web"]


def test_a_release_is_a_project_of_its_own_and_a_domain_another_file(tmp_path: Path) -> None:
    for kind in ("", ".prod", ".https", ".ipv6", ".release"):
        (tmp_path / f"compose{kind}.yaml").touch()
    release = compose_command(project(tmp_path), "prod", "config", release="20261124t120000")
    assert release[release.index("--project-name") + 1] == "thing-prod-20261124t120000"
    assert release[-3:] == ["--file", "compose.release.yaml", "config"]
    https = compose_command(project(tmp_path), "prod", "config", https=True)
    assert https[-5:] == ["--file", "compose.prod.yaml", "--file", "compose.https.yaml", "config"]
    both = compose_command(project(tmp_path), "prod", "config", https=True, ipv6=True)
    assert both[-5:] == ["--file", "compose.https.yaml", "--file", "compose.ipv6.yaml", "config"]


def test_compose_reads_the_settings_that_slipway_reads(tmp_path: Path) -> None:
    def command(*args: str | tuple[str, ...]) -> str:
        return " ".join(compose_command(named, "dev", *args))

    (tmp_path / ".env").touch()
    named = project(tmp_path, env_file=".env.slipway")
    assert command("ps").endswith("--env-file /dev/null ps")  # what is in .env is the service's own
    (tmp_path / ".env.slipway").touch()
    assert command("ps").endswith("--env-file .env.slipway ps")
    assert command(WITHOUT_ENV, "ps").count("--env-file") == 1
    named = project(tmp_path)
    assert "--env-file" not in command("ps")


@pytest.mark.parametrize("name", ["COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE"])
def test_compose_reads_what_slipway_reads_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shop = project(tmp_path)
    assert "--env-file" not in compose_command(shop, "dev", "ps")
    monkeypatch.setenv(name, "1")

    assert compose_command(shop, "dev", "ps")[-3:] == ["--env-file", "/dev/null", "ps"]
    (tmp_path / ".env").touch()
    assert compose_command(shop, "dev", "ps")[-3:] == ["--env-file", ".env", "ps"]
    assert compose_command(shop, "dev", WITHOUT_ENV, "ps").count("--env-file") == 1
