"""A version, written wherever a project's files have it."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.release import raised
from slipway.release.attempt import Attempt
from tests.slipway.project.support import git
from tests.slipway.release.support import PROJECT, commit, real, write

LOCK = """\
version = 1

[[package]]
name = "other"
version = "1.2.3"
source = { registry = "https://example.com/simple" }

[[package]]
name = "library"
version = "1.2.3"
source = { editable = "library" }

[[package]]
name = "shop"
version = "1.2.3"
source = { virtual = "." }
dependencies = [
    { name = "other" },
]
"""


def test_the_version_alone_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('# A comment\n[project]\nversion = "1.2.3"  # here\nname = "x"\n\n[tool.x]\nversion = "1.2.3"\n')
    raised.raise_version(file, "2.0.0")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    raised.raise_version(file, "2.0.0")
    assert b"\r\n" in file.read_bytes()
    assert file.read_text() == (
        '# A comment\n[project]\nversion = "2.0.0"  # here\nname = "x"\n\n[tool.x]\nversion = "1.2.3"\n'
    )
    file.write_text("[tool.x]\n")
    with pytest.raises(Problem, match="has no version in"):
        raised.raise_version(file, "2.0.0")


@pytest.mark.parametrize("project", ["", '[project]\nname = "shop"\ndynamic = ["version"]\n\n'], ids=["alone", "both"])
def test_poetrys_version_is_the_projects(tmp_path: Path, project: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f'{project}[tool.poetry]\nversion = "1.2.3"\n')
    raised.raise_version(file, "2.0.0")
    assert file.read_text() == f'{project}[tool.poetry]\nversion = "2.0.0"\n'


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_uvs_lock_file_has_the_same_version(repository: Path, end: str) -> None:
    (repository / "uv.lock").write_bytes(LOCK.replace("\n", end).encode())
    commit(repository, "Lock")
    attempt = Attempt(real(repository), "1.2.4")
    attempt.make(git(repository, "rev-parse", "HEAD"))
    attempt.write(())

    assert git(attempt.root, "diff", "--name-only", "HEAD~1").split() == ["pyproject.toml", "uv.lock"]
    wanted = LOCK.replace('"1.2.3"\nsource = { virtual', '"1.2.4"\nsource = { virtual').replace("\n", end)
    assert (attempt.root / "uv.lock").read_bytes() == wanted.encode()


def test_a_workspace_has_it_in_its_own_lock_file(tmp_path: Path) -> None:
    around = LOCK.replace('virtual = "."', 'editable = "services/shop"')
    root = tmp_path / "services" / "shop"
    write(tmp_path, {"services/shop/pyproject.toml": PROJECT, "uv.lock": around})
    assert raised.write(root, tmp_path, "1.2.4") == ["pyproject.toml", "../../uv.lock"]
    assert (tmp_path / "uv.lock").read_text() == around.replace(
        '"1.2.3"\nsource = { editable = "services/shop"', '"1.2.4"\nsource = { editable = "services/shop"'
    )
    # That of another repository is left alone, and one that has no version of it.
    assert raised.write(root, root, "1.2.5") == ["pyproject.toml"]
    (tmp_path / "uv.lock").write_text(around.replace('name = "shop"\nversion = "1.2.3"', 'name = "shop"'))
    assert raised.write(root, tmp_path, "1.2.6") == ["pyproject.toml"]
