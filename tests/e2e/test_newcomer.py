"""A service made by `slipway new`, or a fresh clone: the README's commands, nothing installed by hand."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway import interpreter
from tests.e2e.support import NAME, clear, clone, containers, run, volumes
from tests.e2e.talk import conversation, done
from tests.support import ROOT, Checkout, free_port, processes_of, wait_for

pytestmark = pytest.mark.minutes(1)
NOBODY = 65534


class Newcomer(Checkout):
    """Runs the launcher, as one user or another, without a Docker engine."""

    user: int | None = None

    def command(self, *args: str) -> list[str]:
        """Return the launcher's command line."""
        return [str(self.root / "inv"), *args]

    def inv(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a verb from another directory."""
        return subprocess.run(
            self.command(*args), cwd="/", env=self.environ(**env), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, user=self.user, group=self.user, extra_groups=[] if self.user else None,
        )  # fmt: skip


def make(root: Path, wheel: Path, name: str) -> None:
    """Make a service of one's own, out of the wheel."""
    identity = {f"GIT_{who}_{what}": "e2e" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = [sys.executable, "-S", f"{wheel}/slipway", "new", name, str(root)]
    made = subprocess.run(command, env=os.environ | identity, capture_output=True, text=True, check=False, timeout=60)
    assert made.returncode == 0, made.stderr


def as_user(root: Path, user: int | None, wheel: Path | None) -> Newcomer:
    """Give what is made in `root` to a user, in an environment without this one's Python: a clone, without a wheel."""
    home = root.parent / "home"
    home.mkdir()
    if wheel:
        make(root, wheel, "shop")
    else:
        clone(root)
    virtual = str(ROOT / ".venv")
    path = [part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(virtual)]
    if user is not None:  # what lies in root's home is not for others
        path = [part for part in path if not part.startswith("/root")]
        for top in (root, home):
            for name in (top, *top.rglob("*")):
                os.chown(name, user, user, follow_symlinks=False)
    env = {"HOME": str(home), "PATH": os.pathsep.join(path), "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    env |= {"PYTEST_DEBUG_TEMPROOT": str(home), interpreter.GIVEN: ""}
    newcomer = Newcomer(root, env | {"PORT": str(free_port())})
    newcomer.user = user
    return newcomer


def users() -> list[object]:
    """Return who can be tested, and whether in a service of their own: root and somebody else, or just this one."""
    ordinary = os.geteuid() or NOBODY
    found: list[object] = [
        pytest.param((ordinary, True), id="new"),
        pytest.param((ordinary, False), id="clone", marks=pytest.mark.full),
        pytest.param((0, False), id="root", marks=pytest.mark.full),
    ]
    return found if os.geteuid() == 0 else found[:2]


@pytest.fixture(params=users())
def newcomer(request: pytest.FixtureRequest, wheel_file: Path) -> Iterator[Newcomer]:
    """Give a service of one's own or a fresh clone, in a folder that an ordinary user can reach."""
    folder = Path(f"/tmp/slipway newcomer {os.getpid()}")
    folder.mkdir(mode=0o755)
    user, is_new = request.param
    try:
        yield as_user(folder / "my service", user if user != os.geteuid() else None, wheel_file if is_new else None)
    finally:
        for process in processes_of(folder):
            process.kill()
        shutil.rmtree(folder)


def of_others(newcomer: Newcomer) -> list[Path]:
    """Return what in the checkout is not the newcomer's."""
    user = newcomer.user or os.geteuid()
    return [path for path in newcomer.root.rglob("*") if path.lstat().st_uid != user]


def test_from_nothing_to_a_running_service_and_green_tests(newcomer: Newcomer) -> None:
    is_new = (newcomer.root / "vendor").exists()
    first = newcomer.inv("up")
    assert first.returncode == 0, first.stderr
    assert f"making .slipway/venv from slipway.lock, {5 if is_new else 4} packages" in first.stderr
    assert "making .venv from poetry.lock" in first.stderr
    assert "runtime    host: no Docker engine answers" in first.stderr
    conversation(newcomer.url)
    wait_for(lambda: " INFO Deletes what has expired" in newcomer.inv("logs", "--process", "cleanup").stdout)
    caches = list((newcomer.root / ".venv").rglob("fastapi/__pycache__/*.pyc"))
    assert caches, "the bytecode is compiled"

    forced = newcomer.inv("migrate", "--runtime", "docker")
    assert forced.returncode == 1
    assert "start the engine" in forced.stderr
    assert "--runtime host" in forced.stderr

    tested = newcomer.inv("test", "--", "-q", *([] if is_new else ["tests/app/posts/test_posts.py"]))
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert re.search(r"\d+ passed", tested.stdout)
    assert "making .v" not in tested.stderr
    down = newcomer.inv("down")
    assert down.returncode == 0, down.stderr
    assert processes_of(newcomer.root) == []
    data = newcomer.root / ".slipway/dev/postgres"
    theirs = of_others(newcomer)
    assert [path for path in theirs if not path.is_relative_to(data)] == []
    assert bool(theirs) == (newcomer.user is None and os.geteuid() == 0)  # PostgreSQL runs as nobody for root
    deleted = newcomer.inv("down", "--volumes", "--yes")
    assert deleted.returncode == 0, deleted.stderr
    assert of_others(newcomer) == []


@pytest.fixture
def shop(wheel_file: Path, tmp_path: Path) -> Iterator[Checkout]:
    """Give a service of one's own, whose packages the tests' environment has."""
    name = f"{NAME}-new"
    make(tmp_path / name, wheel_file, name)
    yield Newcomer(tmp_path / name, {"PORT": str(free_port())})
    clear()
    run("docker", "image", "rm", "--force", f"{name}:dev")


def test_a_service_of_ones_own_runs_and_is_tested_on_docker(shop: Checkout) -> None:
    assert "runtime    docker: Docker Engine" in done(shop, "up").stderr
    conversation(shop.url)
    wait_for(lambda: " INFO Deletes what has expired" in done(shop, "logs", "--process", "cleanup").stdout)
    assert re.search(r"\d+ passed", done(shop, "test", "--", "-q", "tests/app/test_errors.py").stdout)
    done(shop, "down", "--volumes", "--yes")
    assert (containers(), volumes()) == ([], [])
    assert run("git", "status", "--porcelain", cwd=shop.root) == ""
