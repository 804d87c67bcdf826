"""uv: where it comes from, how it is called, and what happens when it fails."""

import os
import stat
import zipfile
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile
from slipway.virtualenv import uv
from slipway.virtualenv.configuration import Given
from tests.slipway.virtualenv.support import Project
from tests.support import ROOT

INSTALL = [
    "/bin/uv", "pip", "install", "--python", "/p/.venv/bin/python",
    "--no-config", "--no-progress", "--no-python-downloads", "--color", "never",
    "--no-deps", "--require-hashes", "--index-strategy", "unsafe-best-match", "--link-mode", "copy",
    "--allow-insecure-host", "a.example", "--requirement", "/t/list.txt",
]  # fmt: skip


def program(folder: Path, text: str) -> None:
    """Write a script that is called uv."""
    folder.mkdir()
    (folder / "uv").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "uv").chmod(0o755)


def test_it_is_told_to_check_hashes_and_to_keep_its_cache_apart() -> None:
    given = Given(options=["--allow-insecure-host", "a.example"])
    made = uv.install_command(Path("/bin/uv"), Path("/p/.venv/bin/python"), Path("/t/list.txt"), given)
    assert made == INSTALL


@pytest.mark.parametrize(
    ("says", "usable"),
    [
        ("uv 0.13.9 (x86_64-unknown-linux-gnu)", True),
        ("uv 1.0.0", True),
        ("uv 0.4.30", False),
        ("pyenv: not found", False),
    ],
)
def test_the_one_on_path_is_used_if_it_is_new_enough(
    says: str, usable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", f"echo '{says}'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert bool(uv.on_path()) == usable


def test_this_project_pins_one_and_installs_it_nowhere() -> None:
    lock = Lockfile.at(ROOT / "slipway.lock")
    (line,) = uv.pinned(ROOT)
    assert line.startswith("uv==")
    assert line.count("--hash=sha256:") > 10
    assert "uv" not in {one.name for one in lock.of("main")}


def test_its_wheel_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "uv-0.13.9-py3-none-any.whl", "w") as archive:
        archive.writestr("uv-0.13.9.data/scripts/uvx", "another")
        archive.writestr("uv-0.13.9.data/scripts/uv", "the program")
    found = uv.unpack(tmp_path)
    assert found.read_text() == "the program"
    assert found.stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HOME": "{here}"}, {}),
        ({"HOME": "{here}/nowhere"}, {"UV_NO_CACHE": "1"}),
        ({}, {"UV_NO_CACHE": "1"}),
        ({"UV_CACHE_DIR": "/x"}, {}),
    ],
)
def test_who_has_no_home_has_no_cache(tmp_path: Path, environ: dict[str, str], told: dict[str, str]) -> None:
    assert uv.cache({name: value.format(here=tmp_path) for name, value in environ.items()}) == told


def test_pip_does_what_uv_cannot(project: Project, tmp_path: Path) -> None:
    program(tmp_path / "bin", "[ $1 = --version ] && { echo uv 0.13.9; exit; }; echo ' + a==1'; echo no disk; exit 2")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"

    unknown = project.make(PATH=path, PIP_NO_BUILD_ISOLATION="1")
    assert unknown.returncode == 0, unknown.stderr
    assert "inv: uv is not used: it doesn't know no-build-isolation of pip's configuration\n" in unknown.stderr

    (project.root / ".venv/pyvenv.cfg").unlink()
    (project.root / ".venv").rename(tmp_path / "away")
    failed = project.make(PATH=path)
    assert failed.returncode == 0, failed.stderr
    assert "inv: uv could not install it, so pip tries: no disk\n" in failed.stderr
    assert project.has() == {"invoke"}


def test_offline_is_said_and_what_serves_is_kept(project: Project, tmp_path: Path) -> None:
    program(tmp_path / "bin", "echo uv 0.1.0")  # too old to be used, and first
    served = project.make()
    assert served.returncode == 0, served.stderr
    project.lock("more")
    away = project.make(
        PIP_NO_INDEX="0",
        PIP_FIND_LINKS="",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    )
    assert away.returncode == 1
    assert "no package index can be reached (127.0.0.1: Connection refused): connect to the network" in away.stderr
    assert (project.root / ".venv/poetry.lock").exists(), "nothing was begun"
    back = project.make()
    assert (back.returncode, project.has()) == (0, {"invoke", "more"}), back.stderr
