"""The command `slipway`: its line, and a service made with it out of a wheel."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest

from slipway import __version__
from slipway.template import own, wheel
from tests.support import ROOT

IDENTITY = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def slipway(wheel_file: Path, folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Call the command out of a wheel, with the standard library alone."""
    return subprocess.run(
        [sys.executable, "-S", f"{wheel_file}/slipway", *args], cwd=folder, env=dict(os.environ) | IDENTITY | env,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def git(folder: Path, *args: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_service_is_made_out_of_a_wheel_with_nothing_installed(wheel_file: Path, tmp_path: Path) -> None:
    done = slipway(wheel_file, tmp_path, "new", "shop")
    shop = tmp_path / "shop"

    assert done.returncode == 0, done.stderr
    assert "  cd shop\n  ./inv up" in done.stdout
    assert git(shop, "log", "--format=%s").splitlines() == ["Begin shop, made with `slipway new`"]
    assert git(shop, "branch", "--show-current").strip() == "main"
    assert git(shop, "status", "--porcelain", "--ignored") == ""
    assert os.access(shop / "inv", os.X_OK)
    line, packages = own.read((shop / own.NAME).read_text())
    assert line == wheel.line((shop / "vendor" / wheel_file.name).read_bytes(), wheel_file.name)
    assert packages == own.shipped()
    assert (shop / "vendor" / wheel_file.name).read_bytes() == wheel_file.read_bytes()
    assert list(tmp_path.iterdir()) == [shop]


def test_a_folder_of_ones_own_is_taken_when_it_is_empty(wheel_file: Path, tmp_path: Path) -> None:
    done = slipway(wheel_file, tmp_path, "new", "shop", ".", "--empty")

    assert done.returncode == 0, done.stderr
    assert "  cd" not in done.stdout
    assert not (tmp_path / "app/posts").exists()
    assert git(tmp_path, "status", "--porcelain") == ""
    assert not list(tmp_path.glob(".slipway-new*"))


@pytest.mark.parametrize("name", ["Shop", "1shop", "shop_1", "shop--1", "-", "läden", "a" * 41, ""])
def test_a_name_that_cannot_be_is_refused(wheel_file: Path, tmp_path: Path, name: str) -> None:
    done = slipway(wheel_file, tmp_path, "new", "--", name, "folder")

    assert done.returncode == 1
    assert f"A service cannot be called {name!r}" in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_touched(wheel_file: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))

    for folder, said in (("full", "is not empty"), ("file", "is no folder"), ("link", "leads nowhere")):
        done = slipway(wheel_file, tmp_path, "new", "shop", folder)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_who_is_unknown_to_git_has_the_files_and_is_told(wheel_file: Path, tmp_path: Path) -> None:
    nobody = dict.fromkeys(IDENTITY, "") | {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = slipway(wheel_file, tmp_path, "new", "shop", GIT_CONFIG_SYSTEM="/dev/null", **nobody)

    assert done.returncode == 0
    assert "git does not know who you are" in done.stdout
    assert "A  inv" in git(tmp_path / "shop", "status", "--porcelain").splitlines()


def test_in_a_repository_it_begins_none_of_its_own(wheel_file: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    done = slipway(wheel_file, tmp_path, "new", "shop", "services/shop")

    assert f"it lies in the repository {tmp_path}" in done.stdout
    assert not (tmp_path / "services/shop/.git").exists()


def test_without_git_the_files_are_made(wheel_file: Path, tmp_path: Path) -> None:
    done = slipway(wheel_file, tmp_path, "new", "shop", PATH=str(tmp_path))

    assert (done.returncode, "there is no git here" in done.stdout) == (0, True)


def test_who_stops_it_has_nothing_left(wheel_file: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked; sleep 60")
    (tmp_path / "bin/git").chmod(0o755)
    where = tmp_path / "there"
    where.mkdir()
    process = subprocess.Popen(
        [sys.executable, f"{wheel_file}/slipway", "new", "shop", "far/away/shop"], cwd=where, text=True,
        env=dict(os.environ) | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (tmp_path / "asked").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)

    assert "nothing is left" in process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert not list(where.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("there-is-none.whl", None, "there is no file"),
        ("other-1-py3-none-any.whl", b"", "is not called"),
        ("slipway_tasks-1-py3-none-any.whl", b"PK", "cannot be read"),
    ],
)
def test_a_wheel_that_is_none_is_refused(
    wheel_file: Path, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = slipway(wheel_file, tmp_path, "new", "shop", "--wheel", name)

    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "shop").exists()


def test_the_wheel_that_is_named_makes_the_project(wheel_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "slipway", "new", "shop", str(tmp_path / "shop")]
    without = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    named = [*command, "--wheel", str(wheel_file)]
    done = subprocess.run(named, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert "pip wheel --no-deps ./slipway" in without.stderr
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shop/vendor" / wheel_file.name).is_file()


def test_it_says_its_version_and_its_verbs(wheel_file: Path, tmp_path: Path) -> None:
    assert slipway(wheel_file, tmp_path, "--version").stdout == f"slipway {__version__}\n"
    assert "new" in slipway(wheel_file, tmp_path, "--help").stdout
    assert slipway(wheel_file, tmp_path, "nwe").returncode == 2


@pytest.mark.parametrize("with_pip", [True, False], ids=["pip", "none"])
def test_what_was_installed_from_an_index_names_that(wheel_file: Path, tmp_path: Path, with_pip: bool) -> None:
    venv.create(tmp_path / "venv", with_pip=with_pip, symlinks=True)  # uv gives none
    (site,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    with zipfile.ZipFile(wheel_file) as opened:
        opened.extractall(site)
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel_file.parent), "PIP_CONFIG_FILE": os.devnull}
    command = [str(tmp_path / "venv/bin/python"), "-m", "slipway", "new", "shop"]
    env = os.environ | IDENTITY | index | {"PYTHONPATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    hashed = hashlib.sha256(wheel_file.read_bytes()).hexdigest()
    line, packages = own.read((tmp_path / "shop" / own.NAME).read_text())
    assert line == f"slipway-tasks=={__version__} --hash=sha256:{hashed}"
    assert packages == own.shipped()
    assert not (tmp_path / "shop/vendor").exists()


@pytest.mark.parametrize("words", [["new", "shop", "--empty"], ["adopt"]], ids=" ".join)
def test_an_index_that_has_no_slipway_is_a_sentence(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise LookupError("no such thing")

    monkeypatch.setattr(wheel, "line_of_index", none)
    with pytest.raises(
        wheel.Refused, match=rf"no such thing\nWhere no index.*: slipway {' '.join(words)} --wheel FILE"
    ):
        wheel.lock(words, None)
