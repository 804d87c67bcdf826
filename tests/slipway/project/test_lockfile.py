"""The lock file: which packages are installed, and how pip is told."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker

from slipway.project.lockfile import Lockfile, Package, Unusable, sha256
from tests.support import ROOT

METADATA = '[metadata]\nlock-version = "2.1"\n'
FORM = re.compile(r"[A-Za-z0-9._-]+==[^ ;]+( ; (?P<marker>.+?))?( --hash=sha256:[0-9a-f]{64})+")


def package(name: str, **keys: str) -> str:
    """Return a package as Poetry locks it; values are TOML."""
    known = {"optional": "false", "groups": '["main"]', "files": f'[{{file = "{name}.whl", hash = "sha256:{name}"}}]'}
    lines = (f"{key} = {value}" for key, value in (known | keys).items())
    return "\n".join(["[[package]]", f'name = "{name}"', 'version = "1.0"', *lines, ""])


def read(root: Path, *packages: str) -> Lockfile:
    """Write a lock file, and read it."""
    (root / "poetry.lock").write_text("\n".join([*packages, METADATA]))
    return Lockfile.read(root)


def test_all_of_this_project_is_a_requirement_with_hashes() -> None:
    every = tomllib.loads((ROOT / "poetry.lock").read_text())["package"]
    locked = [one for one in every if one.get("source", {}).get("type", "legacy") == "legacy"]
    groups = {group for one in every for group in one["groups"]}
    lines = [line for line in Lockfile.read(ROOT).requirements(*groups) if " @ " not in line]

    assert len(lines) == len(locked) > 100
    assert [line.partition(" ")[0] for line in lines] == [f"{one['name']}=={one['version']}" for one in locked]
    for line in lines:
        form = FORM.fullmatch(line)
        assert form, line
        if marker := form["marker"]:
            Marker(marker)


def test_the_service_needs_a_part_of_it() -> None:
    lock = Lockfile.read(ROOT)
    main, dev, both = ({one.name for one in lock.of(*groups)} for groups in (["main"], ["dev"], ["main", "dev"]))

    assert {"fastapi", "gunicorn"} <= main
    assert {"invoke", "pytest"} <= dev - main
    assert main | dev == both
    assert lock.of() == []


def test_a_line_has_name_version_marker_and_hashes_in_order(tmp_path: Path) -> None:
    files = '[{file = "a.whl", hash = "sha256:2"}, {file = "a.tar.gz", hash = "sha256:1"}]'
    lock = read(tmp_path, package("a", files=files), package("b", markers="'sys_platform == \"win32\"'"))

    assert lock.requirements("main") == [
        "a==1.0 --hash=sha256:1 --hash=sha256:2",
        'b==1.0 ; sys_platform == "win32" --hash=sha256:b',
    ]
    assert lock.packages[0].files == {"a.whl": "sha256:2", "a.tar.gz": "sha256:1"}


def test_other_groups_are_left_out_and_an_extra_is_one(tmp_path: Path) -> None:
    extra = """{main = 'extra == "fast"'}"""
    optional = package("c", optional="true", markers='\'extra == "fast" and os_name == "nt"\'')
    both = package("d", groups='["main", "dev"]', markers=extra)
    lock = read(tmp_path, package("a"), package("b", groups='["dev"]'), optional, both)

    assert lock.requirements("main") == ["a==1.0 --hash=sha256:a"]
    assert lock.requirements("fast") == ['c==1.0 ; os_name == "nt" --hash=sha256:c', "d==1.0 --hash=sha256:d"]
    assert lock.requirements("dev") == ["b==1.0 --hash=sha256:b", "d==1.0 --hash=sha256:d"]
    assert lock.requirements("main", "dev")[-1] == "d==1.0 --hash=sha256:d"


@pytest.mark.parametrize(
    ("markers", "groups", "marker"),
    [
        ({"main": "", "dev": ""}, ["main", "dev"], ""),
        ({"main": "A", "dev": "A"}, ["main", "dev"], "A"),
        ({"main": "A", "dev": ""}, ["main", "dev"], ""),
        ({"main": "A", "dev": ""}, ["main"], "A"),
        ({"main": "A", "dev": "B"}, ["main", "dev"], "(B) or (A)"),
        ({"main": "A", "dev": "B"}, ["dev"], "B"),
        ({"main": "A"}, ["main", "dev"], "A"),
    ],
)
def test_the_marker_is_that_of_any_group_that_is_installed(
    markers: dict[str, str], groups: list[str], marker: str
) -> None:
    assert Package("x", "1", markers, {}).marker(groups) == marker


@pytest.mark.parametrize(
    ("markers", "read_as"),
    [
        ("'A'", {"main": "A", "dev": "A"}),
        ("{dev = 'A'}", {"main": "", "dev": "A"}),
        ("{main = 'A', dev = 'B'}", {"main": "A", "dev": "B"}),
    ],
)
def test_a_marker_is_for_all_groups_or_for_each(tmp_path: Path, markers: str, read_as: dict[str, str]) -> None:
    lock = read(tmp_path, package("a", groups='["main", "dev"]', markers=markers))

    assert lock.packages[0].markers == read_as


@pytest.mark.parametrize("version", ["0.9", "3.0", "2", ""])
def test_a_form_that_is_not_known_is_refused(tmp_path: Path, version: str) -> None:
    (tmp_path / "poetry.lock").write_text(package("a") + f'[metadata]\nlock-version = "{version}"\n')
    with pytest.raises(Unusable, match=f"its lock-version is {version}"):
        Lockfile.read(tmp_path)


@pytest.mark.parametrize("files", ["[]", '[{file = "a.whl", hash = "md5:a"}]', '[{file = "a.whl", hash = "a"}]'])
def test_files_without_a_hash_are_refused(tmp_path: Path, files: str) -> None:
    lock = read(tmp_path, package("a", files=files))
    with pytest.raises(Unusable, match="a has files without a hash that pip takes"):
        lock.requirements("main")


@pytest.mark.parametrize("kind", ["git", "url", "something new"])
def test_what_pip_cannot_check_by_hash_is_refused(tmp_path: Path, kind: str) -> None:
    lock = read(tmp_path, package("a", groups='["dev"]', source=f'{{type = "{kind}", url = "https://x/a"}}'))

    with pytest.raises(Unusable, match="a comes from https://x/a, not from a package index"):
        lock.requirements("main", "dev")
    assert lock.requirements("main") == []


def test_a_file_of_the_project_is_named_by_its_address_and_checked(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"wheel").hexdigest()
    files = f'[{{file = "a.whl", hash = "sha256:{digest}"}}]'
    lock = read(tmp_path, package("a", files=files, source='{type = "file", url = "ven dor/../b/a.whl"}'), package("b"))

    assert lock.requirements("main")[0] == f"a @ {tmp_path.as_uri()}/b/a.whl --hash=sha256:{digest}"
    assert lock.requirements("main", root=Path("/project"))[0] == f"a @ file:///project/b/a.whl --hash=sha256:{digest}"
    assert "which is not there" in lock.altered("main")
    (tmp_path / "b").mkdir()
    (tmp_path / "ven dor").mkdir()
    (tmp_path / "b/a.whl").write_bytes(b"wheel")
    assert lock.altered("main") == ""
    (tmp_path / "b/a.whl").write_bytes(b"another")
    assert "is not the file that was locked: put that back, or poetry update a --lock" in lock.altered("main")
    assert lock.altered("dev") == ""


def test_another_index_is_none_of_that(tmp_path: Path) -> None:
    lock = read(tmp_path, package("a", source='{type = "legacy", url = "https://mirror/simple"}'))

    assert lock.requirements("main") == ["a==1.0 --hash=sha256:a"]
    assert lock.packages[0].index == "https://mirror/simple"


@pytest.mark.parametrize("text", ["", "package = 1\n", "[[package]]\n", "no TOML", '[[package]]\nname = "a"\n'])
def test_what_is_no_lock_file_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unusable):
        read(tmp_path, text)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "poetry.lock").write_bytes(b"\xff")
    with pytest.raises(Unusable):
        Lockfile.read(tmp_path)


def test_a_folder_without_one_is_no_lock_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lockfile.read(tmp_path)


def test_the_hash_is_that_of_the_file() -> None:
    assert sha256(ROOT) == hashlib.sha256((ROOT / "poetry.lock").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        ("poetry", "make .venv with `POETRY_VIRTUALENVS_IN_PROJECT=true poetry install`"),
        ("uv", "make .venv with `uv sync`"),
        ("pylock", "lock it anew"),
        ("pip", "make it anew with --generate-hashes"),
    ],
)
def test_what_cannot_be_installed_is_for_the_program_that_locked_it(kind: str, instead: str) -> None:
    assert Lockfile(Path("file"), (), kind).instead(".venv") == instead
