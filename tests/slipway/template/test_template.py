"""The files of a new service: those of this repository, without what is about Slipway."""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from slipway import __version__
from slipway.core import resources
from slipway.project.config import load
from slipway.project.lockfile import Lockfile
from slipway.template import changes, locked, make, own
from slipway.template.render import NAMED, filled, render, template
from tests.support import ROOT

MOST = 1_200_000  # bytes of a wheel, most of it source with its comments, each file compressed by itself
ANOTHER = {"name": "bakery", "database": "loaves", "title": "The bakery's own"}


@pytest.fixture(scope="module")
def shop() -> dict[str, str]:
    """Give the files of a service."""
    return {name: content.decode() for name, content in render("my-shop").items()}


def written(files: dict[str, bytes], folder: Path) -> Path:
    """Write files into a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_service_has_its_own_name_everywhere(shop: dict[str, str]) -> None:
    named = re.compile(
        r"Slipway's|[Ss]lipway (runs|makes|is|upgrade|new|adopt|needs|and)|\[tool\.slipway|\.slipway\b|SLIPWAY_"
        r"|slipway/|slipway\.(schema|lock|verbs|entrypoint|txt)|tool\\\.slipway|`slipway|Slipway[:.,]|what Slipway"
    )
    for name, text in shop.items():
        if name not in ("inv", "Dockerfile", "README.md", "tasks.py", "gunicorn.conf.py"):  # they are about it
            left = [line for line in text.splitlines() if "slipway" in named.sub("", line).lower()]
            assert not left, (name, left)
    document = tomllib.loads(shop["pyproject.toml"])
    assert (document["project"]["name"], document["project"]["version"]) == ("my-shop", "0.1.0")
    assert document["tool"]["slipway"]["name"] == "my-shop"
    assert "\nname: my-shop-prod\n" in shop["compose.prod.yaml"]
    assert "\nDATABASE_NAME=my_shop\nDATABASE_USERNAME=my_shop\n" in shop[".env.example"]
    assert 'title="My shop"' in shop["app/main.py"]


def test_a_repository_that_was_cloned_and_renamed_makes_the_same_service(
    shop: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = template()
    for path, rules in NAMED.items():
        for pattern, instead in rules:
            text = re.sub(f"(?m){pattern}", filled(instead, ANOTHER), renamed[path].decode())
            renamed[path] = text.encode()
    monkeypatch.setattr("slipway.template.render.template", lambda: renamed)

    assert b'name = "bakery"' in renamed["pyproject.toml"]
    assert {name: content.decode() for name, content in render("my-shop").items()} == shop


def test_a_service_has_what_is_its_own_and_nothing_of_slipways(shop: dict[str, str]) -> None:
    slipways = ("slipway/", "bench/", ".ci/", "docs/", "tests/slipway", "tests/e2e", ".github/workflows/publish")
    assert not [name for name in shop if name.startswith(slipways)]
    assert "slipway>" not in "".join(shop.values())
    assert "<!-- the releases, newest first -->\n" in shop["CHANGELOG.md"]
    assert "## " not in shop["CHANGELOG.md"]
    assert [name for name in shop if name.startswith("changelog.d/")] == ["changelog.d/.gitignore"]
    assert set(tomllib.loads(shop["pyproject.toml"])["dependency-groups"]) == {"dev"}


def test_its_lock_is_that_of_its_own_groups(shop: dict[str, str], tmp_path: Path) -> None:
    written(render("my-shop"), tmp_path)
    before, after = Lockfile.read(ROOT), Lockfile.read(tmp_path)
    tools = {"main": "main", "service": "dev"}

    for group, called in tools.items():
        there = {(one.name, one.version, one.marker([group])) for one in before.of(group)}
        assert {(one.name, one.version, one.marker([called])) for one in after.of(called)} == there
    assert {one.name for one in after.packages} == {one.name for one in before.of(*tools)}
    metadata = tomllib.loads(shop["poetry.lock"])["metadata"]
    assert metadata["content-hash"] == locked.content_hash(shop["pyproject.toml"])


def test_the_hash_of_this_repositorys_lock_is_poetrys() -> None:
    noted = tomllib.loads((ROOT / "poetry.lock").read_text())["metadata"]["content-hash"]

    assert locked.content_hash((ROOT / "pyproject.toml").read_text()) == noted


@pytest.mark.parametrize("empty", [False, True], ids=["posts", "empty"])
def test_each_import_of_a_service_leads_somewhere(tmp_path: Path, empty: bool) -> None:
    root = written(render("my-shop", empty=empty), tmp_path)

    for path in [*root.glob("app/**/*.py"), *root.glob("tests/**/*.py"), *root.glob("alembic/**/*.py")]:
        for module in re.findall(r"(?m)^\s*from ((?:app|tests)[.\w]*) import|^import (app[.\w]*)", path.read_text()):
            place = root / "".join(module).replace(".", "/")
            assert place.is_dir() or place.with_suffix(".py").is_file(), (path, module)
    assert load(root).name == "my-shop"


def test_an_empty_service_speaks_of_no_posts() -> None:
    for name, content in render("my-shop", empty=True).items():
        if name.startswith(("app/", "tests/", "alembic/")):
            assert not re.search(r"\bposts\b", content.decode()), name


@pytest.mark.parametrize(
    "own", ['[tool.slipway.processes]\nworker = "a"\n', '[tool.slipway.processes.worker]\ncommand = "a"\n']
)
def test_processes_of_ones_own_stand_beside_the_services(tmp_path: Path, own: str) -> None:
    root = written(render("my-shop"), tmp_path)
    (root / "pyproject.toml").write_text(f"{(root / 'pyproject.toml').read_text()}\n{own}")  # as an upgrade merges them

    assert load(root).processes.keys() == {"cleanup", "worker"}


def test_a_rule_that_fits_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="fits 0 places"):
        make.change("a", "b", [("c", "d")])
    with pytest.raises(ValueError, match="fits 2 places"):
        make.change("a", "bb", [("b", "d")])


def test_a_block_is_cut_with_the_blank_line_that_it_leaves() -> None:
    text = "a\n\n# <slipway>\nb\n# </slipway>\n\nc\n    # <slipway>\n    d\n    # </slipway>\ne\n"

    assert make.BLOCKS.sub("", text) == "a\n\nc\ne\n"


def test_an_archive_is_the_same_each_time_and_holds_what_it_was_given() -> None:
    files = {"b/c": b"1", "a": b"\0\xff"}

    assert resources.unpack(resources.pack(files)) == files
    assert resources.pack(files) == resources.pack(dict(reversed(files.items())))


def test_a_wheel_is_small_and_the_same_under_another_umask(wheel_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "./slipway"]
    before = os.umask(0o077)
    subprocess.run([*command, "--wheel-dir", str(tmp_path)], cwd=ROOT, check=True, timeout=120)
    os.umask(before)
    (other,) = tmp_path.iterdir()

    assert wheel_file.stat().st_size < MOST
    assert hashlib.sha256(other.read_bytes()).digest() == hashlib.sha256(wheel_file.read_bytes()).digest()


def test_a_wheel_has_all_of_slipway_and_the_template(wheel_file: Path) -> None:
    with zipfile.ZipFile(wheel_file) as opened:
        names = set(opened.namelist())
        files = resources.unpack(opened.read(f"slipway/{resources.ARCHIVE}"))
        said = opened.read(f"slipway_tasks-{__version__}.dist-info/METADATA").decode()
        entry = opened.read(f"slipway_tasks-{__version__}.dist-info/entry_points.txt").decode()
    listed = subprocess.run(["git", "ls-files", "slipway"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert set(listed.split()) - names == {"slipway/pyproject.toml", "slipway/template/hook.py"}
    assert files.pop(own.NAME).decode() == own.shipped()
    assert files.pop(changes.NAME).decode() == changes.shipped()
    assert files == template()
    assert "slipway = slipway.command.main:main" in entry
    assert "Requires-Dist: invoke<4,>=3.0" in said
    assert "Provides-Extra: sbom" in said


def test_what_could_not_be_installed_is_not_built(tmp_path: Path) -> None:
    build = f"from hatchling.build import build_sdist; build_sdist({str(tmp_path)!r})"
    command = [sys.executable, "-c", build]
    done = subprocess.run(command, cwd=ROOT / "slipway", capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 1
    assert "built as a wheel alone: pip wheel --no-deps ./slipway" in done.stderr
    assert not list(tmp_path.iterdir())
