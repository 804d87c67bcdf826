"""`inv upgrade`, as it is called: what it shows, asks and leaves, and how it ends."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tasks
from tests.slipway.upgrade.support import Contents, project, snapshot, wheel
from tests.support import Checkout

OLD: Contents = {"compose.yaml": b"one\ntwo\nthree\nfour\n", "notes.txt": b"old\n"}
NEW: Contents = {"compose.yaml": b"ONE\ntwo\nthree\nfour\n", "notes.txt": b"new\n"}
WANTED = 'minimum-version = "9.1.0"'
NEEDED = {
    "run": ["--", "true"], "rotate": ["SECRET"], "downgrade": ["--to", "base"], "revision": ["--message", "x"],
    "drain": ["n1"],
}  # fmt: skip
CHANGELOG = "## 9.1.0 (2026-12-01)\n\n- Faster.\n\n## 9.0.0 (2026-11-01)\n\n- First.\n"


@pytest.fixture
def new(little: Checkout, tmp_path: Path) -> str:
    """A wheel of the version to come, beside a project of the version before."""
    project(little.root, wheel(tmp_path / "old", "9.0.0", OLD), OLD)
    return str(wheel(tmp_path / "new", "9.1.0", NEW, CHANGELOG))


def test_a_plan_is_the_result_and_changes_nothing(little: Checkout, new: str) -> None:
    before = snapshot(little.root)
    done = little.inv("upgrade", "--wheel", new, "--plan")
    assert done.returncode == 0, done.stderr
    shown = "slipway    9.0.0 -> 9.1.0\nreplaced   compose.yaml\n           notes.txt\n"
    assert done.stdout.startswith(f"## 9.1.0 (2026-12-01)\n\n- Faster.\n\n{shown}")
    assert snapshot(little.root) == before


def test_it_asks_and_a_second_call_has_nothing_to_do(little: Checkout, new: str) -> None:
    before = snapshot(little.root)
    asked = little.inv("upgrade", "--wheel", new)
    assert asked.returncode == 1
    assert "Upgrade Slipway from 9.0.0 to 9.1.0? There is no terminal to ask on: say --yes." in asked.stderr
    assert snapshot(little.root) == before
    done = little.inv("upgrade", "--wheel", new, "--yes")
    assert done.returncode == 0, done.stderr
    assert "  upgraded   Slipway 9.0.0 -> 9.1.0\n  next       " in done.stderr
    assert (little.root / "notes.txt").read_text() == "new\n"
    again = little.inv("upgrade", "--wheel", new, "--yes")
    assert (again.returncode, again.stdout) == (0, "Nothing to do: the project has Slipway 9.1.0.\n")


def test_a_conflict_is_no_success(little: Checkout, new: str) -> None:
    (little.root / "compose.yaml").write_text("mine\ntwo\nthree\nfour\n")
    done = little.inv("upgrade", "--wheel", new, "--yes")
    assert done.returncode == 1
    assert "  conflict   compose.yaml\n" in done.stderr
    assert "  next       compose.yaml: resolve the conflict between its markers\n" in done.stderr
    assert "1 of the files cannot be merged without you" in done.stderr
    assert (little.root / "compose.yaml").read_text().startswith("<<<<<<< yours\nmine\n=======\nONE\n>>>>>>> ")
    again = little.inv("upgrade", "--wheel", new, "--yes")
    assert again.returncode == 1
    assert "markers of a conflict in compose.yaml still" in again.stderr


def test_a_configuration_that_only_a_newer_one_reads_is_no_obstacle(little: Checkout, new: str) -> None:
    path = little.root / "pyproject.toml"
    before = path.read_text()
    path.write_text(f"{before}\n[tool.slipway.future]\n".replace("[tool.slipway]\n", f"[tool.slipway]\n{WANTED}\n", 1))
    done = little.inv("upgrade", "--wheel", new, "--yes")
    assert done.returncode == 0, done.stderr
    path.write_text(before)


def test_each_verb_tells_an_older_slipway_before_it_touches_anything(little: Checkout) -> None:
    path = little.root / "pyproject.toml"
    before = path.read_text()
    path.write_text(before.replace("[tool.slipway]\n", f"[tool.slipway]\n{WANTED}\n", 1))
    files = snapshot(little.root)
    verbs = {verb.name for one in tasks.STAGES.values() for verb in one} - {"completion", "help", "upgrade"}
    with ThreadPoolExecutor(4) as pool:
        done = dict(zip(verbs, pool.map(lambda verb: little.inv(verb, *NEEDED.get(verb, ())), verbs), strict=True))
    said = "This project needs Slipway 9.1.0 or newer ([tool.slipway] minimum-version), and this is "
    assert {verb for verb, one in done.items() if one.returncode != 1 or said not in one.stderr} == set()
    assert snapshot(little.root) == files
    assert not (little.root / ".slipway").exists()
    for words in (("--list",), ("--help", "up"), ("up", "--help")):
        assert little.inv(*words).returncode == 0
    path.write_text(before)


def test_a_version_and_a_wheel_exclude_each_other(little: Checkout, new: str) -> None:
    done = little.inv("upgrade", "--wheel", new, "--to", "9.1.0")
    assert done.returncode == 1
    assert "--to and --wheel exclude each other" in done.stderr


def test_files_that_are_the_projects_own_are_not_ejected(little: Checkout) -> None:
    before = snapshot(little.root)
    done = little.inv("eject", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Nothing to write: the Compose files and the Caddyfile are the project's own.\n"
    assert snapshot(little.root) == before
