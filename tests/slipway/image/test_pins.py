"""The pinned Poetry: what the file holds, how it is read, and how it is made."""

import re
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from slipway.core.errors import Problem
from slipway.image import listing, pins
from slipway.image.pins import FILE, Pins
from slipway.project.lockfile import Lockfile, Package
from tests.support import ROOT

OLD = Pins({"poetry": "2.5.0", "poetry-plugin-export": "1.10.0", "attrs": "1", "gone": "1"}, 9)
NEW = Pins({"poetry": "2.5.1", "poetry-plugin-export": "1.10.0", "attrs": "2", "new": "1"}, 9)


def test_all_that_is_pinned_has_a_version_and_hashes() -> None:
    found = listing.read((ROOT / FILE).read_text())
    assert len(found.packages) > 40
    assert not found.indexes
    for name, one in found.packages.items():
        assert re.fullmatch(r"[a-z0-9-]+ [0-9][\w.]*", name)
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", digest) for digest in one.hashes)
    said = pins.read(ROOT)
    assert {f"{name} {version}" for name, version in said.versions.items()} == found.packages.keys()
    assert said.files == sum(len(one.hashes) for one in found.packages.values())
    for name, versions in pins.WANTED.items():
        assert SpecifierSet(versions).contains(said.versions[name])


def test_the_dockerfile_installs_nothing_but_what_is_pinned() -> None:
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    installs = re.findall(r"pip (?:[\w./ -]*)install .*?(?= &&|$|\")", text, flags=re.MULTILINE)
    assert len(installs) > 3
    for line in installs:
        assert "--require-hashes" in line, line
        assert "--no-deps" in line, line
    assert len(re.findall(rf"COPY --from=slipway /from/{FILE} /tmp/", text)) == 2
    assert text.count("--only-binary :all: --require-hashes --requirement /tmp/poetry.txt") == 2
    assert not re.findall(r"[\"' ]poetry(-plugin-export)?[=<>~]", text)


def test_a_file_that_is_missing_or_not_whole_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    with pytest.raises(Problem, match=f"There is no {FILE} in .*: git checkout {FILE}"):
        pins.read(tmp_path)
    (tmp_path / FILE).write_text("poetry==2.5.1 \\\n    --hash=sha256:00\n")
    with pytest.raises(Problem, match=f"{FILE} has no poetry-plugin-export: git checkout {FILE}"):
        pins.read(tmp_path)


def test_a_project_that_slipway_does_not_lie_in_has_the_pins_of_this_one(tmp_path: Path) -> None:
    assert pins.read(tmp_path) == pins.read(ROOT)
    assert (pins.are_of_project(tmp_path), pins.are_of_project(ROOT)) == (False, True)


def test_what_is_another_version_is_listed_and_poetry_first() -> None:
    assert pins.changes(OLD, NEW) == ["poetry 2.5.0 -> 2.5.1", "attrs 1 -> 2", "gone 1 -> -", "new - -> 1"]
    assert pins.changes(NEW, NEW) == []
    assert NEW.wanted == ["poetry 2.5.1", "poetry-plugin-export 1.10.0"]


def test_what_is_written_is_read_again() -> None:
    lines = ['a-b==1.0 ; os_name == "nt" --hash=sha256:00 --hash=sha256:01', "c==2 --hash=sha256:02"]
    text = pins.listing(lines)
    assert text.startswith(pins.HEAD)
    assert text.endswith(
        'a-b==1.0 ; os_name == "nt" \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\nc==2 \\\n    --hash=sha256:02\n'
    )
    assert listing.read(text) == listing.read("\n".join(lines))


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("", pins.PYPI),
        (":env:.timeout='180'\nglobal.find-links='/x'", pins.PYPI),
        ("global.index-url='https://b/simple'\nglobal.timeout='1'", "https://b/simple"),
        ("global.index-url='https://b/simple'\ninstall.index-url='https://c/simple'", "https://c/simple"),
        ("global.index-url='https://b'\n:env:.index-url='https://u:p@a/simple?x=1'", "https://u:p@a/simple?x=1"),
    ],
)
def test_the_index_is_pips_own(said: str, url: str) -> None:
    assert pins.index(said) == url
    assert f'url = "{url}"' in pins.project(url)


def test_a_base_image_without_a_wheel_is_told() -> None:
    files = {f"a-1-cp{minor}-cp{minor}-musllinux_1_2_x86_64.whl": "sha256:0" for minor in (311, 312, 313)}
    files |= {"a-1-cp311-abi3-manylinux_2_17_x86_64.whl": "sha256:0", "a-1.tar.gz": "sha256:0"}
    anywhere = Package("b", "1", {"main": ""}, {"b-1-py3-none-any.whl": "sha256:0"})
    lock = Lockfile(Path("poetry.lock"), (Package("a", "1", {"main": ""}, files), anywhere))
    assert pins.uncovered(lock) == [
        f"python:3.{minor}-{variant} on aarch64 has no wheel of a 1"
        for variant in ("slim-bookworm", "alpine")
        for minor in (11, 12, 13)
    ]
    assert pins.uncovered(Lockfile(Path("poetry.lock"), (anywhere,))) == []


def test_it_is_installed_as_the_image_does_it() -> None:
    command = pins.install_command(Path("/v/bin/python"), Path("/p/poetry.txt"))
    assert command == [
        "/v/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--only-binary", ":all:",
        "--require-hashes", "--requirement", "/p/poetry.txt",
    ]  # fmt: skip
    assert pins.venv_command(Path("/v")) == [sys.executable, "-m", "venv", "/v"]
