"""A clone of this project on a real Docker Engine, under names of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import ROOT, Checkout, free_port

NAME = f"slipway-{os.getpid()}-e2e"  # no other's name is part of it: `docker ps --filter name=` looks for parts


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of what only the full run does."""
    config.addinivalue_line("markers", "full: only in the full run, `.ci/run --full`")


def run(*argv: str, cwd: Path | None = None) -> str:
    """Run a program that has to succeed; return its output."""
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def clone(target: Path) -> Path:
    """Clone the working tree: what git tracks or would track, as one commit on main."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    git = ("git", "-c", "user.name=E2E", "-c", "user.email=e2e@example.com")
    run("git", "init", "--quiet", "--initial-branch=main", cwd=target)
    for name, value in (("user.name", "E2E"), ("user.email", "e2e@example.com")):
        run("git", "config", name, value, cwd=target)
    run("git", "add", "--all", cwd=target)
    run(*git, "commit", "--quiet", "--message", "A clone", cwd=target)
    return target


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """Run a real registry; give its address."""
    container = run("docker", "run", "--detach", "--publish", "127.0.0.1::5000", "registry:2")
    address = run("docker", "port", container, "5000").splitlines()[0].replace("127.0.0.1", "localhost")
    end = time.monotonic() + 30
    while True:
        try:
            if httpx2.get(f"http://{address}/v2/").status_code == 200:
                break
        except httpx2.TransportError:
            assert time.monotonic() < end
            time.sleep(0.05)
    yield address
    run("docker", "rm", "--force", "--volumes", container)


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory, registry: str) -> Iterator[Checkout]:
    """Give the clone that the tests of Docker share; its images are made once."""
    root = clone(tmp_path_factory.mktemp("clone") / "a service")
    checkout = Checkout(root, {"COMPOSE_PROJECT_NAME": NAME, "PORT": str(free_port())})
    checkout.edit("pyproject.toml", 'name = "slipway"\nasgi', f'name = "{NAME}"\nasgi')
    checkout.edit("pyproject.toml", 'registry = "localhost:5000"', f'registry = "{registry}"')
    # The machinery's own tests take a minute, and ran before these.
    checkout.edit("pyproject.toml", 'host = ["tests/app", "tests/slipway"]', 'host = ["tests/app"]')
    checkout.edit("pyproject.toml", "[tool.slipway.tests]", "[tool.slipway.deploy]\nsettle = 1\n\n[tool.slipway.tests]")
    run("git", "commit", "--quiet", "--all", "--message", "Names of its own", cwd=root)
    run("git", "branch", "clean", cwd=root)
    yield checkout
    form = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"  # one that was pulled by its digest has no tag
    images = [line.split() for line in run("docker", "image", "ls", "--digests", "--format", form).splitlines()]
    if ours := [digest if tag.endswith(":<none>") else tag for tag, digest in images if NAME in tag]:
        run("docker", "image", "rm", "--force", *ours)


@pytest.fixture
def docker(cloned: Checkout) -> Iterator[Checkout]:
    """Give the shared clone, clean before and nothing left running after."""
    run("git", "reset", "--quiet", "--hard", "clean", cwd=cloned.root)
    if tags := run("git", "tag", cwd=cloned.root).split():
        run("git", "tag", "--delete", *tags, cwd=cloned.root)
    run("git", "clean", "--quiet", "-d", "--force", cwd=cloned.root)
    (cloned.root / ".env").unlink(missing_ok=True)
    shutil.rmtree(cloned.root / ".slipway" / "release", ignore_errors=True)
    yield cloned
    for switch in ((), ("--prod",)):
        down = cloned.inv("down", "--volumes", "--yes", "--runtime", "docker", *switch)
        assert down.returncode == 0, down.stderr
    assert containers() == []
    assert run("docker", "volume", "ls", "--quiet", "--filter", f"name={NAME}") == ""


@pytest.fixture
def backed_up(docker: Checkout) -> Iterator[Checkout]:
    """Give the shared clone; its backups are removed afterwards."""
    yield docker
    for name in run("docker", "volume", "ls", "--quiet", "--filter", f"name={NAME}").split():
        if name.endswith("-backups"):
            run("docker", "volume", "rm", name)


def commit(checkout: Checkout, message: str) -> None:
    """Commit everything."""
    run("git", "add", "--all", cwd=checkout.root)
    run("git", "commit", "--quiet", "--message", message, cwd=checkout.root)


def containers() -> list[str]:
    """Return the names of the tests' containers, running or not."""
    return run("docker", "ps", "--all", "--format", "{{.Names}}", "--filter", f"name={NAME}").split()
