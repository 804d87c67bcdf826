"""What Slipway's stage upon a project's own image is built from."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core import resources
from slipway.core.errors import Problem
from slipway.image import stage
from slipway.image.beneath import DATABASE, SERVER, Beneath, Own
from slipway.project.carried import NAMES
from slipway.project.config import Project
from slipway.project.tables import DatabaseRules
from tests.support import ROOT

RENDERED = {"DATABASE_URL": "postgresql://{user}:{password}@{host}/{name}"}
SHOP = Project(
    Path("/shop"), "shop", "0.1.0", asgi="shop.main:app", pythonpath=("src",), writable=("logs",),
    secrets_as="environment", database=DatabaseRules((), RENDERED),
)  # fmt: skip
BELOW = Beneath("/venv/bin/python", "3.12", "/venv/lib/site-packages", "", "app", Own("app", "/code"))


def test_the_dockerfile_names_their_python_everywhere() -> None:
    text = stage.dockerfile(SHOP, BELOW)
    assert not re.search("@[A-Z]+@", text)
    assert 'ENTRYPOINT ["/venv/bin/python", "-I", "/opt/slipway/slipway/entrypoint.py"]' in text
    assert 'CMD ["/venv/bin/python", "-Ic", "import os' in text
    assert 'ENV PATH="/venv/bin:/opt/slipway/bin"' in text
    assert 'PYTHONPATH="/code/src"' in text


def test_a_path_that_no_dockerfile_can_name_is_refused() -> None:
    with pytest.raises(Problem, match="cannot be named in a Dockerfile"):
        stage.dockerfile(SHOP, replace(BELOW, python='/a"b/python'))


def test_its_context_has_what_goes_into_the_image_and_no_more(tmp_path: Path) -> None:
    stage.write(tmp_path, SHOP, BELOW)
    names = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert names == {"Dockerfile", "fit.json", "fit.py", "gunicorn.conf.py", "server.txt", "slipway"}
    assert {path.name for path in (tmp_path / "slipway").iterdir()} == set(NAMES)
    ours = {path.relative_to(tmp_path) for path in (tmp_path / "slipway").rglob("*") if path.is_file()}
    there = {
        path.relative_to(ROOT)
        for name in NAMES
        for path in [ROOT / "slipway" / name, *(ROOT / "slipway" / name).rglob("*")]
    }
    assert ours == {path for path in there if (ROOT / path).is_file() and "__pycache__" not in path.parts}
    told = json.loads((tmp_path / "fit.json").read_text())
    assert told == {"packages": list(SERVER), "folder": BELOW.folder, "writable": ["/code/logs"], "user": "app"}


def test_what_the_service_gets_stands_in_the_image_without_values() -> None:
    text = stage.dockerfile(SHOP, BELOW)
    assert 'SLIPWAY_SECRETS_AS="environment"' in text
    assert f"SLIPWAY_RENDER={stage.quoted(json.dumps(RENDERED))}" in text
    assert stage.arguments(BELOW, "python:3.12") == {"SERVICE_USER": "app", "BASE_NAME": "python:3.12"}
    assert stage.quoted('a "b" $c \\') == '"a \\"b\\" \\$c \\\\"'


def test_each_setting_that_goes_into_it_makes_another_one() -> None:
    others = [
        replace(SHOP, pythonpath=()), replace(SHOP, copy=("src",)), replace(SHOP, writable=()),
        replace(SHOP, secrets_as="files"), replace(SHOP, migrations="x"), replace(SHOP, database=DatabaseRules()),
    ]  # fmt: skip
    assert len({stage.settings(one) for one in (SHOP, *others)}) == len(others) + 1


def test_all_that_may_be_installed_is_listed_with_its_hashes() -> None:
    listed = re.split(r"\n(?=\S)", resources.text(stage.PACKAGES))
    names = {one.split("==")[0] for one in listed if "==" in one}
    assert names == {*SERVER, *DATABASE}
    assert all("--hash=sha256:" in one for one in listed if "==" in one)
    assert "://" not in resources.text(stage.PACKAGES)
