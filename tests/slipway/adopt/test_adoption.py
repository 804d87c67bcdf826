"""`slipway adopt`: in a repository, out of a wheel, and what is no project to adopt."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from slipway.adopt.adoption import look
from slipway.adopt.findings import Refused
from slipway.template import own
from tests.slipway.adopt.support import APP, PYPROJECT, SETTINGS, UV_LOCK, put

SHOP = {"pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK, "app/main.py": APP, "app/config.py": SETTINGS}
IDENTITY = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *args: str) -> str:
    """Run git, and return what it says."""
    done = subprocess.run(
        ["git", *args],
        cwd=folder,
        env=dict(os.environ) | IDENTITY,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def repository(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Return a repository in which these files are committed."""
    put(folder, files)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def adopt(wheel: Path, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Call the command out of a wheel, with the standard library alone."""
    return subprocess.run(
        [sys.executable, "-S", f"{wheel}/slipway", "adopt", *args], cwd=folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_project_is_adopted_out_of_a_wheel(wheel_file: Path, tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", SHOP)
    planned = adopt(wheel_file, shop, "--plan")
    unasked = adopt(wheel_file, shop)
    assert (planned.returncode, unasked.returncode) == (0, 1)
    assert "there is no terminal to ask on: say --yes" in unasked.stderr
    assert git(shop, "status", "--porcelain") == ""

    done = adopt(wheel_file, shop, "--wheel", str(wheel_file), "--yes")
    assert done.returncode == 0, done.stderr
    assert "+DATABASE_URL" in planned.stdout
    assert planned.stdout.endswith(" files would be written: the same again without --plan.\n")
    assert done.stdout.rstrip().endswith("commit them, then: ./inv up")
    assert os.access(shop / "inv", os.X_OK)
    line, packages = own.read((shop / own.NAME).read_text())
    assert line.startswith(f"./vendor/{wheel_file.name} --hash=sha256:")
    assert packages == own.shipped()
    assert (shop / "vendor" / wheel_file.name).read_bytes() == wheel_file.read_bytes()
    changed = git(shop, "status", "--porcelain", "--untracked-files=all").split()
    assert not [name for name in changed if name.startswith("app/") or name == "uv.lock"]

    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "Adopt")
    again = adopt(wheel_file, shop, "--yes")
    assert again.returncode == 0, again.stderr
    assert "Nothing is to be written: it is adopted already." in again.stdout
    assert git(shop, "status", "--porcelain") == ""


def test_what_is_no_wheel_is_refused(wheel_file: Path, tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", SHOP)
    done = adopt(wheel_file, shop, "--wheel", "nothing.whl", "--yes")

    assert (done.returncode, done.stderr) == (1, "slipway: --wheel: there is no file nothing.whl.\n")


@pytest.mark.parametrize(
    ("files", "folder", "said"),
    [
        ({"a.py": "x = 1\n"}, "", "There is no FastAPI application in"),
        ({"app.py": "from flask import Flask\napp = Flask(__name__)\n"}, "", "This is a Flask application"),
        ({"manage.py": "import django\n"}, "", "This is a Django application"),
        ({"backend/pyproject.toml": PYPROJECT, "backend/app/main.py": APP}, "", "cd backend && slipway adopt"),
        ({"backend/requirements.txt": "", "backend/main.py": APP}, "", "cd backend && slipway adopt"),
        ({"main.py": APP}, "nowhere", "There is no folder"),
        ({"pyproject.toml": "[\n", "main.py": APP}, "", r"pyproject\.toml cannot be read \(it is not TOML\)"),
        ({"pyproject.toml": '[tool.slipway]\nminimum-version = "99.0"\n', "main.py": APP}, "", "needs Slipway 99.0"),
    ],
    ids=["no FastAPI", "Flask", "Django", "a project below", "another", "no folder", "no TOML", "a newer Slipway"],
)
def test_what_cannot_be_adopted_is_said_in_a_sentence(
    tmp_path: Path, files: dict[str, str], folder: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        look(repository(tmp_path, files) / folder, {})


def test_without_a_repository_or_a_commit_there_are_no_versions(tmp_path: Path) -> None:
    put(tmp_path, SHOP)
    with pytest.raises(Refused, match="is in no git repository, and Slipway tells versions by commits: git init"):
        look(tmp_path, {})
    git(tmp_path, "init", "--quiet")
    with pytest.raises(Refused, match="Nothing is committed here yet"):
        look(tmp_path, {})


def test_what_is_not_committed_and_changed_as_well_is_told(tmp_path: Path) -> None:
    repository(tmp_path, SHOP)
    put(tmp_path, {"pyproject.toml": PYPROJECT + "# mine\n", "app/other.py": ""})

    assert look(tmp_path, {}).notes == ("Not committed yet, and changed by this as well: pyproject.toml.",)


def test_secrets_that_git_has_are_told_and_what_is_public_is_used(tmp_path: Path) -> None:
    settings = SETTINGS.replace("    SECRET_KEY", "    REGION: str\n    SECRET_KEY")
    files = {f"backend/{name}": text for name, text in (SHOP | {"app/config.py": settings}).items()}
    adoption = look(repository(tmp_path, files | {".env": "REGION=eu\n", "backend/.env": "A=1\n"}) / "backend", {})
    example = next(one.after.decode() for one in adoption.plan.changes if one.name == ".env.example")

    assert "\nREGION=eu\n" in example  # of the repository's .env, which everybody has
    assert [one.line for one in adoption.plan.untold if one.line.startswith("git")] == ["git rm --cached .env"]


def test_what_git_ignores_of_what_has_to_be_committed_is_told(tmp_path: Path) -> None:
    shop = repository(tmp_path, SHOP | {".gitignore": "*.lock\nvendor/\n"})
    told = look(shop, {"slipway.lock": b"-e .\n", "vendor/x.whl": b"PK\0"}).plan.untold

    assert [one.line for one in told if "git ignores" in one.what] == ["!/vendor/\n!/slipway.lock\n!/vendor/*.whl"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_closed_is_refused(tmp_path: Path) -> None:
    repository(tmp_path, SHOP)
    tmp_path.chmod(0o500)

    with pytest.raises(Refused, match="cannot be written to"):
        look(tmp_path, {})
