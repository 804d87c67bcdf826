"""What of a folder a build can see."""

from pathlib import Path

import pytest

from slipway.image.context import context
from slipway.project.lockfile import Lockfile
from slipway.project.tree import digest
from tests.slipway.image.support import touch
from tests.support import ROOT

FILES = (
    "app/a.py",
    "app/b.txt",
    "app/__pycache__/a.pyc",
    "app/sub/c.py",
    "docs/d.md",
    ".env",
    ".git/x",
    "e.py",
    "x1.py",
)


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("", {*FILES, ".dockerignore"}),
        ("*", set()),
        ("*\n!app\n**/__pycache__\n", {"app/a.py", "app/b.txt", "app/sub/c.py"}),
        ("# comment\n\n*\n!app/*.py\n", {"app/a.py"}),
        ("*\n!app/**/*.py\n", {"app/a.py", "app/sub/c.py"}),
        ("*\n!/app/\napp/sub/\n", {"app/a.py", "app/b.txt", "app/__pycache__/a.pyc"}),
        ("*\n!app/sub/c.py\n", {"app/sub/c.py"}),
        ("**\n!?[0-9].py\n", {"x1.py"}),
        ("*/*\n.*\n", {"e.py", "x1.py"}),
        ("app\ndocs\n.*\n!app/b.txt\n", {"app/b.txt", "e.py", "x1.py"}),
    ],
)
def test_context_follows_dockerignore(tmp_path: Path, rules: str, kept: set[str]) -> None:
    touch(tmp_path, *FILES)
    (tmp_path / ".dockerignore").write_text(rules)

    assert set(context(tmp_path)) == kept


def test_the_context_of_this_project_holds_what_the_service_needs_alone() -> None:
    tops = {name.partition("/")[0] for name in context(ROOT)}

    folders = {one.folder.partition("/")[0] for one in Lockfile.read(ROOT).packages if one.folder}
    needed = {"app", "alembic", "gunicorn.conf.py", "pyproject.toml", "poetry.lock", "slipway", "slipway.lock", "tests"}
    assert tops - {"vendor"} == needed | folders
    assert not [name for name in context(ROOT) if "__pycache__" in name or ".env" in name]


def test_links_are_part_of_the_context(tmp_path: Path) -> None:
    touch(tmp_path, "app/a.py", "app/sub/b.py")
    (tmp_path / "app/gone").symlink_to("nowhere")
    (tmp_path / "app/folder").symlink_to("sub")

    seen = set(context(tmp_path))
    assert seen == {"app/a.py", "app/sub/b.py", "app/gone", "app/folder"}
    before = digest(tmp_path, seen)
    (tmp_path / "app/folder").unlink()
    (tmp_path / "app/folder").symlink_to(".")
    assert digest(tmp_path, context(tmp_path)) != before


def test_a_byte_order_mark_is_no_part_of_the_first_rule(tmp_path: Path) -> None:
    touch(tmp_path, *FILES)
    (tmp_path / ".dockerignore").write_bytes("\ufeff*\n!app/*.py\n".encode())

    assert set(context(tmp_path)) == {"app/a.py"}


def test_a_line_ends_where_docker_ends_it_and_names_are_bytes(tmp_path: Path) -> None:
    for name in ("a\x0cb", "c\u2028d", "e\udc85f", "g"):
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_bytes("*\r\n!a\x0cb\n!c\u2028d\n".encode() + b"!e\x85f\n!g")
    assert set(context(tmp_path)) == {"a\x0cb", "c\u2028d", "e\udc85f", "g"}


def test_the_dockerfiles_own_rules_go_before_the_others(tmp_path: Path) -> None:
    touch(tmp_path, *FILES)
    (tmp_path / ".dockerignore").write_text("*\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("*\n!e.py\n")

    assert set(context(tmp_path)) == {"e.py"}
