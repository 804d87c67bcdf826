"""A project that has Slipway from an index: wheels are fetched by pip, from wherever its configuration says."""

from hashlib import sha256
from pathlib import Path

import pytest

from slipway import __version__
from slipway.core.errors import Problem
from slipway.upgrade.plan import Fate
from slipway.upgrade.run import Upgrade, Wanted, carry_out, prepare
from tests.slipway.upgrade.support import Contents, project, shell, wheel

OLD: Contents = {"a.txt": b"one\n"}
NEW: Contents = {"a.txt": b"two\n"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of version 0.0.1, of a folder of wheels that stands for an index."""
    index = tmp_path / "index"
    files = [wheel(index, version, contents) for version, contents in (("0.0.1", OLD), (__version__, NEW))]
    for file in files:
        named(file)
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(index), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    root = tmp_path / "shop"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    (root / "slipway.lock").write_text(f"# The project's files: slipway new shop\n{line(files[0], '0.0.1')}\n")
    return root


def named(file: Path) -> None:
    """Give a wheel what pip wants to read in it."""
    import zipfile

    version = file.name.split("-")[1]
    folder = f"slipway_tasks-{version}.dist-info"
    with zipfile.ZipFile(file, "a") as made:
        made.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: slipway-tasks\nVersion: {version}\n")
        made.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{folder}/RECORD", "")


def line(file: Path, version: str) -> str:
    return f"slipway-tasks=={version} --hash=sha256:{sha256(file.read_bytes()).hexdigest()}"


def test_the_version_that_runs_is_fetched_and_so_is_the_one_of_before(root: Path, tmp_path: Path) -> None:
    found = prepare(root, Wanted(), shell(root), tmp_path)
    assert isinstance(found, Upgrade)
    assert (found.old, found.new, found.unknown) == ("0.0.1", __version__, "")
    assert [(one.path, one.fate) for one in found.changes] == [("a.txt", Fate.REPLACED)]
    carry_out(found)
    file = tmp_path / f"index/slipway_tasks-{__version__}-py3-none-any.whl"
    assert (root / "slipway.lock").read_text().splitlines()[1] == line(file, __version__)
    assert not (root / "vendor").exists()
    assert str(prepare(root, Wanted(), shell(root), tmp_path / "again")).startswith("Nothing to do")


def test_what_no_index_has_is_said(root: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"No matching distribution(.|\n)*0\.0\.7 could not be fetched.* --wheel FILE"):
        prepare(root, Wanted(to="0.0.7"), shell(root), tmp_path)


def test_another_file_than_the_one_of_before_is_no_base(root: Path, tmp_path: Path) -> None:
    lock = root / "slipway.lock"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:0")[:-2] + "\n")
    found = prepare(root, Wanted(), shell(root), tmp_path)
    assert isinstance(found, Upgrade)
    assert "DO NOT MATCH THE HASHES" in found.unknown
    assert [one.fate for one in found.changes] == [Fate.BESIDE]


def test_a_project_with_a_wheel_in_its_folder_keeps_it_so(root: Path, tmp_path: Path) -> None:
    mine = project(tmp_path / "other", tmp_path / "index/slipway_tasks-0.0.1-py3-none-any.whl", OLD)
    found = prepare(mine, Wanted(to=__version__), shell(mine), tmp_path)
    assert isinstance(found, Upgrade)
    carry_out(found)
    (file,) = (mine / "vendor").iterdir()
    assert file.name == f"slipway_tasks-{__version__}-py3-none-any.whl"
    assert (mine / "slipway.lock").read_text().splitlines()[1].startswith(f"./vendor/{file.name} --hash=sha256:")
