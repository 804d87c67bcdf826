"""Slipway's Compose files, rendered for a project that has none of their kind."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.engine import packaged
from slipway.engine.compose import compose_command, project_name
from slipway.engine.packaged import Seen
from slipway.project import database
from slipway.project.config import Project, load
from slipway.project.tables import DatabaseRules
from tests.support import ROOT

EXAMPLE = "DATABASE_HOSTNAME=db\nDATABASE_NAME=shop\nAPI_KEY=\n# COLOUR=red\nDOMAIN=\nDATABASE_URL=x\n"
SEEN = Seen("/code/src/shop", "/code")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Give a project that has a Dockerfile and Compose files of its own."""
    root = tmp_path / "backend"
    (root / "src" / "shop").mkdir(parents=True)
    (root / "src" / "shop" / "__init__.py").touch()
    (root / "Dockerfile").write_text("FROM python:3.12-slim\n")
    (root / "compose.yaml").write_text("services: {}\n")
    (root / ".env.example").write_text(EXAMPLE)
    return Project(
        root, "shop", "0.1.0", asgi="shop.main:app", pythonpath=("src",), writable=("logs",), migrations="migrations",
        secrets={"DATABASE_PASSWORD": 12, "API_KEY": 32}, database=DatabaseRules((), {"DATABASE_URL": "{host}"}),
    )  # fmt: skip


def changed(name: str, shop: Project) -> list[str]:
    """Return the lines of this repository's file that the rendered one has not, and those that only that one has."""
    before, now = ((ROOT / name).read_text().splitlines(), packaged.rendered(shop, SEEN)[name].splitlines())
    return [f"-{line}" for line in before if line not in now] + [f"+{line}" for line in now if line not in before]


def test_the_variables_are_the_projects_and_no_password_is_in_a_url(shop: Project) -> None:
    names = packaged.named(shop)
    assert {*database.NAMES, *packaged.SERVER, "API_KEY", "COLOUR"} == set(names)
    text = packaged.rendered(shop)["compose.yaml"]
    block = re.search(r"x-settings: &settings\n((?:  .*\n)+)", text)
    assert block and block[1] == "".join(f"  {name}:\n" for name in names)


def test_of_an_env_that_cannot_be_read_the_files_are_rendered_without(shop: Project) -> None:
    (shop.root / ".env").write_bytes(b"\xff")
    assert "API_KEY" in packaged.named(shop)


def test_what_is_secret_is_no_variable_in_production(shop: Project) -> None:
    hidden = "      DATABASE_PASSWORD: !reset null\n      API_KEY: !reset null\n"
    for name in ("compose.prod.yaml", "compose.release.yaml"):
        text = packaged.rendered(shop)[name]
        assert text.count(hidden) == 1
        assert "FASTAPI" not in text


def test_the_rest_is_what_this_repository_has(shop: Project) -> None:
    lines = [line for line in changed("compose.prod.yaml", shop) if "FASTAPI" not in line and "tmpfs" not in line]
    name, *rest = lines
    assert name.startswith("-name: ")  # this repository's own
    assert rest == ["+      API_KEY: !reset null"]
    for name in ("compose.https.yaml", "compose.ipv6.yaml", "compose.test.yaml", "Caddyfile"):
        assert packaged.rendered(shop, SEEN)[name] == (ROOT / name).read_text()
    text = packaged.rendered(shop)["compose.yaml"]
    assert "build:" not in text
    assert "METRICS_PORT" not in text


def test_a_release_extends_the_file_beside_it_and_not_the_projects_own(shop: Project) -> None:
    text = packaged.rendered(shop)["compose.release.yaml"]
    assert "extends: {file: .slipway/files/compose.yaml, service: web}" in text


def test_folders_that_the_service_writes_to_are_its_containers_alone(shop: Project) -> None:
    found = packaged.rendered(shop, SEEN)
    where = ', "/code/logs:size=64m,mode=1777,nosuid,nodev"]'
    assert {name: text.count(where) for name, text in found.items() if where in text} == {
        "compose.prod.yaml": 1,
        "compose.release.yaml": 1,
    }
    assert not any("/logs" in text for text in packaged.rendered(shop).values())


def test_in_development_the_source_is_where_the_image_has_it(shop: Project) -> None:
    text = packaged.rendered(shop, SEEN)[packaged.OVERRIDE]
    assert text.count("      - ./src/shop:/code/src/shop:ro\n") == 2
    assert text.count("      - ./migrations:/code/migrations\n") == 1
    assert 'RELOAD: "1"' in text
    assert "gunicorn.conf.py" not in text


def test_in_development_a_folder_that_is_written_to_below_the_source_is_a_volume(shop: Project) -> None:
    below = replace(shop, writable=("logs", "src/shop/logs/", "src/shop"))
    text = packaged.rendered(below, SEEN)[packaged.OVERRIDE]
    assert text.count("      - src-shop-logs:/code/src/shop/logs\n") == 2
    assert text.endswith("\nvolumes:\n  src-shop-logs:\n")
    assert "src-shop-logs" not in packaged.rendered(below)[packaged.OVERRIDE]

    packaged.note(below, SEEN)
    assert (shop.root / "src/shop/logs").is_dir()  # where it is mounted
    assert not (shop.root / "logs").exists()


def test_migrations_in_the_package_can_be_written_to(shop: Project) -> None:
    inside = replace(shop, migrations="src/shop/migrations")
    text = packaged.rendered(inside, SEEN)[packaged.OVERRIDE]
    assert re.findall(r"- (\./.*)", text) == ["./src/shop:/code/src/shop:ro", "./src/shop:/code/src/shop"]


def test_before_an_image_is_known_nothing_is_mounted_nor_reloaded(shop: Project) -> None:
    text = packaged.rendered(shop)[packaged.OVERRIDE]
    assert "volumes" not in text
    assert "RELOAD" not in text
    assert "migrate" not in text
    assert 'ports: ["127.0.0.1:${PORT:-8000}:8000"]' in text


def test_files_are_written_once_and_anew_after_a_build(shop: Project) -> None:
    packaged.provide(shop)
    override = packaged.file(shop, packaged.OVERRIDE)
    assert override == shop.root / ".slipway" / "files" / "compose.override.yaml"
    before = override.stat().st_ino
    packaged.provide(shop)
    assert override.stat().st_ino == before
    packaged.note(shop, SEEN)
    assert packaged.seen(shop) == SEEN
    assert "/code/src/shop" in override.read_text()


def test_nothing_is_written_for_a_project_with_slipways_files(tmp_path: Path) -> None:
    project = replace(load(ROOT), root=tmp_path)
    packaged.provide(project)
    packaged.note(project, SEEN)
    assert list(tmp_path.iterdir()) == []
    assert packaged.file(project, "Caddyfile") == tmp_path / "Caddyfile"


def test_compose_reads_them_in_the_projects_folder(shop: Project) -> None:
    packaged.provide(shop)
    command = compose_command(shop, "dev", "ps")
    assert command[command.index("--project-directory") :] == [
        "--project-directory", ".", "--file", ".slipway/files/compose.yaml", "--file",
        ".slipway/files/compose.override.yaml", "ps",
    ]  # fmt: skip


def test_its_containers_are_not_those_of_the_projects_own_compose_file(shop: Project) -> None:
    assert project_name(shop, "dev", {}) == "shop-backend"
    assert project_name(replace(shop, name="backend"), "dev", {}) == "backend-inv"
    assert project_name(replace(shop, context=".."), "dev", {}) == f"shop-{shop.root.parent.name}".lower().replace(
        ".", ""
    )
    assert project_name(shop, "dev", {"COMPOSE_PROJECT_NAME": "other"}) == "other"
    assert project_name(shop, "prod", {}) == "shop-prod"
    (shop.root / "compose.release.yaml").touch()  # ejected, and its data is the same
    assert project_name(shop, "dev", {}) == "shop-backend"


def test_without_a_database_there_is_no_container_nor_volume_of_one(shop: Project) -> None:
    (shop.root / ".env.example").write_text("API_KEY=\n")
    plain = replace(shop, database=DatabaseRules(), secrets={"API_KEY": 32}, migrations="")
    found = packaged.rendered(plain, SEEN)
    before = packaged.rendered(shop, SEEN)
    for name in ("compose.yaml", "compose.prod.yaml"):
        services, volumes = declared(found[name])
        assert services == [one for one in declared(before[name])[0] if one != "db"]
        assert volumes == [one for one in declared(before[name])[1] if one not in ("db", "secrets")]
        assert not re.search(
            r"(?m)^ +db: |^  db:|postgres:|DATABASE_HOSTNAME names|depends_on:$\n(?! {6})", found[name]
        )
    assert found["compose.release.yaml"].count("secrets:/run/secrets:ro") == 1, "the release's own"


def declared(text: str) -> tuple[list[str], list[str]]:
    """Return the services and the volumes of a Compose file."""
    parts = dict(re.findall(r"(?m)^(services|volumes):\n((?:  .*\n|\n)+)", text))
    return re.findall(r"(?m)^  (\w+):", parts["services"]), re.findall(r"(?m)^  (\w+):", parts.get("volumes", ""))
