"""docs/queues.md: its recipes fit into this service, and are of the packages that the tests lock."""

import ast
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from slipway.project.config import load
from tests.e2e import queues
from tests.support import ROOT, Checkout, copy

RECIPES = ("procrastinate", *queues.NEEDS)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fits_into_the_service(tmp_path: Path, name: str) -> None:
    project = Checkout(copy(tmp_path / "shop"))
    shutil.copy(ROOT / "compose.prod.yaml", project.root)
    queues.written(project, name)
    for path in ("app/jobs.py", "app/reports.py", "app/main.py", "app/core/config.py", "alembic/env.py"):
        ast.parse((project.root / path).read_text())
    assert "include_router(reports.router)" in (project.root / "app/main.py").read_text()
    found = load(project.root).processes
    assert found["worker"].stop_timeout > 0
    assert [one for one, process in found.items() if process.single] == (["scheduler"] if name == "celery" else [])


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_locked_is_what_the_page_adds(name: str) -> None:
    wanted = Requirement(queues.requirement(name))
    text = (queues.LOCKS / f"{name}.lock").read_text()
    versions = {one["name"]: one["version"] for one in tomllib.loads(text)["package"]}
    assert wanted.specifier.contains(versions[wanted.name])
    assert not re.search(r"https?://|(?m:^url = )", text)


def test_the_page_says_which_versions_were_tried() -> None:
    tried = queues.PAGE.partition("## What was tried")[2]
    for name in RECIPES:
        text = (queues.LOCKS / f"{name}.lock").read_text()
        version = re.search(rf'name = "{name}"\nversion = "(\d+\.\d+)', text)
        assert version
        assert f"{name} {version[1]}" in tried
