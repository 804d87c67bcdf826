"""Machines with little on them: containers of the base image, as root and not, without git, an engine or a name."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support import NAME, clone, run
from tests.support import ROOT, Checkout

pytestmark = pytest.mark.minutes(1)
BASE, HERE = "python:3.13-slim", "/home/dev/svc"
MOUNTED = (".venv", ".slipway/venv")
# What is left at the end; the script itself has these words in it.
LEFT = """
for process in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <"$process/cmdline") in
    *"sh -c "*) ;;
    *postgres*|*gunicorn*|*app.cleanup*) echo "left: $process" ;;
  esac
done
"""


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give an environment for the base image's Python, of the packages that images of the tests have.

    It is the service's, and Slipway's own as well.
    """
    folder, image = tmp_path_factory.mktemp("bare") / "venv", f"{NAME}:bare"
    run("docker", "build", "--quiet", "--target", "test-dependencies", "--tag", image, str(ROOT))
    folder.mkdir()
    run("docker", "run", "--rm", "--volume", f"{folder}:/made", image, "cp", "-a", "/opt/venv/.", "/made")
    for name in ("poetry.lock", "slipway.lock"):
        shutil.copy(ROOT / name, folder / name)
    (next(folder.glob("lib/python*/site-packages")) / "slipway.pth").write_text("../../../../..\n")
    yield folder
    run("docker", "image", "rm", image)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a fresh clone, without an environment."""
    root = clone(tmp_path / "service")
    for name in MOUNTED:
        (root / name).mkdir(parents=True)
    yield root
    run("docker", "run", "--rm", "--volume", f"{root}:/service", BASE, "rm", "-rf", "/service/.slipway")


def mounts(venv: Path) -> list[str]:
    """Return the options by which an environment is where it is looked for."""
    return [word for name in MOUNTED for word in ("--volume", f"{venv}:{HERE}/{name}:ro")]


def bare(root: Path, venv: Path | None, script: str, *options: str, mode: str = "rw") -> str:
    """Run a script in a container of the base image on a clone; return all that it prints."""
    volumes = ["--volume", f"{root}:{HERE}:{mode}", "--workdir", HERE]
    volumes += mounts(venv) if venv else []
    name = f"{NAME}-bare-{os.urandom(4).hex()}"
    argv = ["docker", "run", "--rm", "--name", name, *volumes, *options, BASE, "sh", "-c", f"exec 2>&1\n{script}"]
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600).stdout
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False, timeout=60)


def test_root_in_an_ordinary_container_and_then_somebody_else(folder: Path, venv: Path) -> None:
    script = f"""
    ./inv up && ./inv status && ./inv up && ./inv psql -- -Atc "SELECT 'answered'"
    ./inv test -- -q tests/app/posts/test_posts.py tests/slipway/project/test_tree.py
    echo '--- somebody else'
    setpriv --reuid 12345 --regid 12345 --clear-groups ./inv up
    echo '--- root'
    ./inv down
    {LEFT}
    """
    said = bare(folder, venv, script, "--env", "LC_ALL=C")
    first, other, last = said.split("---")
    assert "runtime    host: Docker is not installed" in first
    assert "service      ready" in first and "database     running" in first, said
    assert "already up: nothing to do" in first
    assert "answered" in first
    assert "git is not installed" in first
    assert " passed, " in first and "failed" not in first, said
    assert "is root's, and not this user's (12345): stop what root has running here (./inv down), then: " in other
    assert f"sudo chown -R 12345 {HERE}" in other
    assert "Traceback" not in said
    assert last.count("stopped  ") == 3, said
    assert "left:" not in last, said


def test_a_folder_that_cannot_be_written_and_a_user_without_a_name(folder: Path, venv: Path) -> None:
    looks = "./inv --list && ./inv --help up && ./inv status && ./inv ps && ./inv status --json"
    writes = " ".join(f"./inv {verb} </dev/null;" for verb in ("up", "down", "test", "revision -m x", "migrate"))
    closed = ["--user", "12345", "--env", "HOME=/root"]
    said = bare(folder, venv, f"{looks} && echo looked; {writes}", *closed, mode="ro")
    assert "looked" in said, said
    assert said.count("cannot be written: its disk is read-only. Mount it to be written, or copy") == 5, said
    assert "Traceback" not in said
    unmade = bare(folder, None, "./inv status", *closed, mode="ro")
    assert unmade == (
        f"inv: .slipway/venv could not be made: {HERE}/.slipway/bootstrap.lock cannot be written: its disk is "
        f"read-only. Mount it to be written, or copy {HERE} elsewhere.\n"
    )


def test_a_user_without_a_name_is_told_how_to_get_one(folder: Path, venv: Path, tmp_path: Path) -> None:
    run("chown", "-R", "12345:12345", str(folder)) if os.geteuid() == 0 else folder.chmod(0o777)
    nameless = bare(folder, venv, "./inv up; ./inv down", "--user", "12345", "--init")
    assert "initdb refuses a user without a name, and 12345 has none in /etc/passwd. Give it one" in nameless
    assert "Traceback" not in nameless
    users = tmp_path / "passwd"
    users.write_text(run("docker", "run", "--rm", BASE, "cat", "/etc/passwd") + "\ndev:x:12345:0::/tmp:/bin/sh\n")
    named = ["--user", "12345", "--volume", f"{users}:/etc/passwd:ro", "--init"]
    said = bare(folder, venv, f"./inv up && ./inv down; {LEFT}", *named)
    assert "ready" in said and said.count("stopped  ") == 3, said
    assert "left:" not in said


@pytest.mark.full
def test_a_database_in_another_container_is_left_alone_and_one_that_was_killed_is_not_waited_for(
    folder: Path, venv: Path
) -> None:
    one = f"{NAME}-bare-one"
    volumes = ["--volume", f"{folder}:{HERE}", *mounts(venv), "--workdir", HERE]
    run("docker", "run", "--detach", "--name", one, *volumes, BASE, "sleep", "600")
    try:
        run("docker", "exec", one, "./inv", "up")
        said = bare(
            folder,
            venv,
            "./inv status; ./inv up; ./inv down --volumes --yes; ./inv test -- -q tests/app/posts/test_posts.py",
        )
        assert "database     out of sight" in said
        assert said.count("is no process that can be seen from here") == 2, said
        assert " passed" in said
        assert run("docker", "exec", one, "./inv", "psql", "--", "-Atc", "SELECT 1") == "1"
        run("docker", "restart", "--time", "0", one)  # its process ids begin anew
        run("docker", "exec", one, "./inv", "up")
        assert "database     running" in run("docker", "exec", one, "./inv", "status")
        run("docker", "exec", one, "./inv", "down")
    finally:
        run("docker", "rm", "--force", one)


@pytest.mark.full
def test_root_in_a_folder_of_its_own(folder: Path, venv: Path) -> None:
    script = f"""
    cp -a {HERE} /root/service && cd /root/service
    ./inv up && ./inv status && ./inv down
    {LEFT}
    """
    said = bare(folder, venv, script, "--init")
    assert "it runs as nobody who may enter closed folders here" in said
    assert "database     running" in said and said.count("stopped  ") == 3, said
    assert "left:" not in said


@pytest.mark.full
@pytest.mark.parametrize("size", ["20m", "150m"])
def test_a_full_disk_is_told_as_one(folder: Path, size: str) -> None:
    script = "cp -a /from/. . && rm -rf .git && ./inv up"
    options = ["--tmpfs", f"/work:size={size},exec", "--workdir", "/work", "--volume", f"{folder}:/from:ro"]
    said = bare(folder, None, script, *options)
    assert "venv could not be made: No space is left on the disk: " in said, said
    assert "free in /work" in said
    assert "proxy" not in said


@pytest.mark.full
def test_what_the_containers_user_may_not_read_is_told_before(docker: Checkout) -> None:
    for path in (docker.root / "app", *(docker.root / "app").rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)  # as umask 077 makes them
    refused = docker.inv("up", "--runtime", "docker")
    assert refused.returncode == 1
    assert f"The container's user 65532 may not read {docker.root / 'app'} and " in refused.stderr
    assert "chmod -R go+rX app gunicorn.conf.py" in refused.stderr
    assert "docker build" not in refused.stderr
    run("chmod", "-R", "go+rX", "app", cwd=docker.root)
    up = docker.inv("up", "--runtime", "docker")
    assert up.returncode == 0, up.stderr
