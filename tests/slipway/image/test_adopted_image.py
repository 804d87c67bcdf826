"""The image of a project with a Dockerfile of its own: what is built, and what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.image import adopted, plan
from slipway.image.base import Base
from slipway.image.context import of_project
from slipway.image.plan import Image
from slipway.project.config import Project
from slipway.project.tree import NEVER, Tree
from tests.slipway.image.support import touch

TREE = Tree("c" * 40, NEVER, (), 0, "")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Give a project in a folder of a larger one, built from that."""
    root = tmp_path / "backend"
    touch(
        tmp_path,
        "backend/app/main.py",
        "backend/.env",
        "backend/.venv/x",
        "frontend/dist/x.js",
        ".git/config",
        "docs/x",
    )
    (tmp_path / ".dockerignore").write_text("docs\n")
    (root / "Dockerfile").write_text("ARG TAG=3.12\nFROM python:${TAG}\nARG FEATURE\n")
    (root / "pyproject.toml").touch()
    return Project(root, "shop", "0.1.0", context="..")


def image(project: Project, **given: str) -> Image:
    """Return its image."""
    return Image(project, TREE, Base("3.13", "slim"), given)


def test_a_build_sees_the_folder_above_without_what_is_secret(shop: Project) -> None:
    assert sorted(of_project(shop)) == [
        "../.dockerignore",
        "../frontend/dist/x.js",
        "Dockerfile",
        "app/main.py",
        "pyproject.toml",
    ]


def test_what_goes_in_is_all_that_a_build_sees_and_all_that_is_told(shop: Project) -> None:
    seen = {plan.inputs(shop)}
    for one in (replace(shop, writable=("logs",)), replace(shop, health="/ping"), replace(shop, target="prod")):
        seen.add(plan.inputs(one))
    (shop.root.parent / "frontend" / "dist" / "x.js").write_text("1")
    seen.add(plan.inputs(shop))
    (shop.root.parent / ".dockerignore").write_text("docs\nx\n")
    seen.add(plan.inputs(shop))
    (shop.root.parent / "docs" / "x").write_text("1")  # which no build sees
    seen.add(plan.inputs(shop))
    assert len(seen) == 6


def test_no_build_gets_what_the_service_writes(shop: Project) -> None:
    written = replace(shop, writable=("app/logs",))
    before = plan.inputs(written)
    touch(shop.root, "app/logs/app.log", "app/logs/older/app.log", "app/logs.py")
    assert {"app/logs.py", "app/main.py"} <= set(of_project(written))
    assert not [name for name in of_project(written) if name.startswith("app/logs/")]
    (shop.root / "app/logs.py").unlink()
    assert plan.inputs(written) == before
    assert len([name for name in of_project(shop) if name.startswith("app/logs/")]) == 2


def test_it_is_built_on_what_its_dockerfile_names(shop: Project) -> None:
    assert image(shop).on == "python:3.12"
    assert image(replace(shop, build_args={"TAG": "3.13"})).on == "python:3.13"
    assert image(replace(shop, target="prod")).on == ""  # the build will say that there is no such stage


def test_no_stage_of_slipways_is_asked_for(shop: Project) -> None:
    with pytest.raises(Problem, match="the stage 'test' of Slipway's Dockerfile, and Dockerfile is the project's own"):
        adopted.check(image(shop), shop, "test")


def test_build_arguments_are_the_own_dockerfiles(shop: Project) -> None:
    adopted.check(image(shop, FEATURE="on", TAG="3.11"), shop)
    with pytest.raises(Problem, match="OTHER is not known to the Dockerfile"):
        adopted.check(image(shop, OTHER="x"), shop)
    with pytest.raises(Problem, match="API_TOKEN looks like a secret"):
        adopted.check(image(shop, API_TOKEN="x"), shop)


def test_two_platforms_at_once_are_refused(shop: Project) -> None:
    with pytest.raises(Problem, match="one platform at a time, as --platform linux/amd64"):
        adopted.push(None, image(shop), "t", [], ["linux/amd64", "linux/arm64"], "")  # type: ignore[arg-type]


def test_each_build_is_told_of_files_that_are_there(shop: Project) -> None:
    shell = Watched(shop.root)
    with pytest.raises(Problem, match="that is enough"):
        adopted.build(shell, image(replace(shop, copy=("app",))), ["shop:1"], ["--no-cache"])

    assert [(command[:2], "--no-cache" in command) for command in shell.built] == [(["docker", "build"], True)] * 2
    assert shell.missing == []


class Watched(Shell):
    """A shell that runs nothing: it notes builds, and which of the files that they are told of are missing."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, Steps())
        self.built: list[list[str]] = []
        self.missing: list[str] = []

    def quietly(self, argv: Sequence[str], **how: Any) -> None:
        """Note a build."""
        self.built.append(list(argv))
        files = (after for option, after in pairwise(argv) if option == "--file")
        self.missing += [file for file in files if not Path(file).is_file()]

    def output(self, argv: Sequence[str], **how: Any) -> str:
        """Answer for the image that was built first; of the second nothing is asked."""
        if len(self.built) > 1:
            raise Problem("that is enough")
        return '{"WorkingDir": "/code"}'

    def probe(self, argv: Sequence[str], **how: Any) -> tuple[int, str, str]:
        """Let what is tidied up be gone."""
        return 0, "", ""
