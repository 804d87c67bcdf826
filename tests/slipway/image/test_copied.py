"""What Slipway copies into an image that its own Dockerfile makes without the code."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.image import build, copied, plan
from slipway.image.base import Base
from slipway.image.beneath import Own
from slipway.image.context import of_project
from slipway.image.plan import Image
from slipway.project.config import Project
from slipway.project.tree import NEVER, Tree
from tests.slipway.image.support import touch

OWN = Own("app", "/code")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Give a project whose Dockerfile copies nothing, in a folder of a larger one."""
    root = tmp_path / "backend"
    names = "src/app/main.py", "src/app/__pycache__/main.pyc", "src/.env", "src/run.sh", "alembic.ini", "docs/x"
    touch(root, *names)
    (root / "src" / "run.sh").chmod(0o700)
    (root / "src" / "link").symlink_to("app/main.py")
    (root / "Dockerfile").write_text("FROM python:3.13\n")
    return Project(root, "shop", "0.1.0", copy=("src", "alembic.ini"))


def test_what_is_named_lies_in_the_image_as_in_the_project(shop: Project, tmp_path: Path) -> None:
    folder = tmp_path / "context"
    folder.mkdir()
    os.mkfifo(shop.root / "src" / "pipe")  # of something that runs here
    copied.write(folder, shop, OWN, 1000)

    lines = ["FROM theirs", 'COPY ["0", "/code/src"]', 'COPY ["1", "/code/alembic.ini"]', ""]
    assert (folder / "Dockerfile").read_text().split("\n") == lines
    there = {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*")}
    assert there.keys() == {"Dockerfile", "0", "0/app", "0/app/main.py", "0/run.sh", "0/link", "1"}
    modes = {
        name: oct(status.st_mode & 0o777) for name, status in there.items() if name not in ("Dockerfile", "0/link")
    }
    assert modes == {"0": "0o755", "0/app": "0o755", "0/app/main.py": "0o644", "0/run.sh": "0o755", "1": "0o644"}
    assert {status.st_mtime for status in there.values()} == {1000}
    assert (folder / "0" / "link").readlink() == Path("app/main.py")


def test_the_whole_project_can_be_copied_as_far_as_a_build_sees_it(shop: Project, tmp_path: Path) -> None:
    (shop.root / ".dockerignore").write_text("docs\n")
    whole = replace(shop, copy=("./",))
    assert copied.dockerfile(whole, OWN) == 'FROM theirs\nCOPY ["0", "/code"]\n'
    assert set(copied.files(whole)["."]) == set(of_project(whole))
    assert "docs/x" not in copied.files(whole)["."]
    around = replace(whole, context="..")
    (tmp_path / "other.py").touch()
    assert "../other.py" in set(of_project(around))
    assert "../other.py" not in copied.files(around)["."]


def test_a_dockerfile_in_a_folder_of_its_own_sees_nothing_of_what_is_copied(shop: Project) -> None:
    touch(shop.root, "docker/start.sh")
    below = replace(shop, context="docker", copy=("src",))
    assert set(of_project(below)) == {"docker/start.sh", "src/app/main.py", "src/run.sh", "src/link"}
    assert set(copied.files(replace(below, copy=(".",)))["."]) >= {"docker/start.sh", "src/app/main.py", "docs/x"}
    before = plan.inputs(below)
    (shop.root / "src" / "app" / "main.py").write_text("x = 1")
    assert plan.inputs(below) != before


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing", "copy = 'nothing' names nothing that a build sees"),
        ("docs", r"copy = 'docs' names nothing .* needs the line !docs"),
        ("src/link", "copy = 'src/link' is a link: name what it leads to"),
        ("../x", r"copy = '\.\./x' leads out of the project"),
        ("/x", "copy = '/x' should be relative"),
    ],
)
def test_what_cannot_be_copied_is_refused_before_anything_is_built(shop: Project, path: str, said: str) -> None:
    (shop.root / ".dockerignore").write_text("docs\n")
    with pytest.raises(Problem, match=said):
        build.check(image(replace(shop, copy=(path,))), shop)


def test_a_path_that_no_dockerfile_can_name_is_refused(shop: Project) -> None:
    with pytest.raises(Problem, match="cannot be named in a Dockerfile"):
        copied.dockerfile(shop, Own("app", "/$HOME"))


def test_slipways_own_dockerfile_copies_itself(shop: Project) -> None:
    (shop.root / "Dockerfile").write_text("FROM python:3.13\nARG SCHEMA\n")
    with pytest.raises(Problem, match="copy is for a Dockerfile of the project's own"):
        build.check(image(shop), shop)


def image(project: Project) -> Image:
    """Return its image."""
    return Image(project, Tree("c" * 40, NEVER, (), 0, ""), Base("3.13", "slim"), {})
