"""What root makes in another user's folder is that user's afterwards."""

import os
import shutil
from pathlib import Path

import pytest

from slipway.core.given import give
from slipway.project import written
from slipway.runtime import choose
from slipway.runtime.choose import Memory
from tests.slipway.virtualenv.support import Project
from tests.support import USER, as_ordinary_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


def of_root(folder: Path) -> list[str]:
    """Name what is root's in a folder."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.lstat().st_uid == 0)


def touch(root: Path, *names: str) -> None:
    """Make files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Give root a folder of an ordinary user's."""
    (tmp_path / "shop").mkdir()
    as_ordinary_user(tmp_path / "shop")
    return tmp_path / "shop"


def test_databases_and_what_links_lead_to_stay(foreign: Path, tmp_path: Path) -> None:
    touch(foreign, "state/a/b", "state/data/PG_VERSION", "state/data/base/1")
    touch(tmp_path, "elsewhere/x")
    (foreign / "state/link").symlink_to(tmp_path / "elsewhere")
    give(foreign / "state", foreign)
    assert of_root(foreign) == ["state/data", "state/data/PG_VERSION", "state/data/base", "state/data/base/1"]
    assert of_root(tmp_path) == ["elsewhere", "elsewhere/x", *(f"shop/{one}" for one in of_root(foreign))]


def test_what_is_another_users_stays_so_and_so_does_all_in_a_folder_of_roots(foreign: Path, tmp_path: Path) -> None:
    touch(tmp_path, "own/a")
    shutil.chown(tmp_path / "own/a", USER)
    touch(foreign, "b")
    give(foreign / "b", tmp_path / "own")
    give(tmp_path / "own", tmp_path / "own")
    assert of_root(tmp_path) == ["own", "shop/b"]


def test_what_is_written_is_the_folders_owners(foreign: Path) -> None:
    written.create(foreign / ".env", "A=1\n")
    written.put(foreign / "b", b"b")
    assert of_root(foreign) == []
    assert (foreign / ".env").stat().st_mode & 0o777 == 0o600


def test_a_verb_gives_its_state_back_but_for_what_runs_as_root(foreign: Path) -> None:
    with choose.given_back(foreign):
        Memory(foreign / ".slipway/dev").write("docker")
        Memory(foreign / ".slipway/prod").write("host")
        touch(
            foreign, ".slipway/last.log", ".slipway/dev/port", ".slipway/prod/web.json", ".venv/a/__pycache__/b", "own"
        )
    kept = [".slipway/prod", ".slipway/prod/format", ".slipway/prod/runtime", ".slipway/prod/web.json", "own"]
    assert of_root(foreign) == kept


def test_an_environment_is_its_projects_owners(foreign: Path) -> None:
    project = Project(foreign)
    prefix = as_ordinary_user(foreign)
    assert project.inv("up").returncode == 0
    project.lock("one")
    assert project.make().returncode == 0
    assert of_root(foreign / ".venv") == []
    assert {one for one in of_root(foreign / ".slipway") if "__pycache__" not in one} == set(), "verbs give these back"
    project.lock("two")
    as_ordinary_user(foreign / "index")
    done = project._run([*prefix, str(foreign / "inv"), "up"], {"HOME": str(foreign)})
    assert (done.returncode, "bringing .slipway/venv in line" in done.stderr) == (0, True), done.stderr
