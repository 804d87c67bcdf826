"""Fixtures: a clone of this project on a real Docker Engine, under names of its own, and a registry for all."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.registries import Registry, registry
from tests.e2e.releases import new_key, use
from tests.e2e.support import NAME, clear, clone, containers, longest_first, remove_images, run
from tests.e2e.zygote import Zygote
from tests.support import ROOT, Checkout, free_port, without_processes

SHARED = pytest.StashKey[Registry]()
OPEN = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers."""
    config.addinivalue_line("markers", "full: only in the full run, `.ci/run --full`")
    config.addinivalue_line("markers", "alone: as full, with no test beside it: its load is all that a machine bears")
    config.addinivalue_line("markers", "minutes(count): what a file takes; the longest is begun first")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file, so that no worker is left alone with it at the end."""
    items.sort(key=longest_first)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Run one registry for all workers."""
    config = session.config
    if hasattr(config, "workerinput"):
        config.stash[SHARED] = Registry(*config.workerinput["registry"])
    elif not config.option.collectonly:
        config.stash[OPEN] = contextlib.ExitStack()
        config.stash[SHARED] = config.stash[OPEN].enter_context(registry())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist of the registry."""
    shared = node.config.stash[SHARED]
    node.workerinput["registry"] = (shared.container, shared.port)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the registry."""
    if OPEN in session.config.stash:
        session.config.stash[OPEN].close()


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Registry:
    """Give the registry, with a folder that is this worker's."""
    return pytestconfig.stash[SHARED].another()


class SharedClone(Checkout):
    """The clone that many tests share, whose verbs are forks of one process."""

    zygote: Zygote

    def inv(self, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb; wait for its end."""
        return self.zygote.run(args, self.environ(**env))


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory, shared: Registry) -> Iterator[Checkout]:
    """Give the clone that the tests of Docker share; its images are made once."""
    root = clone(tmp_path_factory.mktemp("clone") / "a service")
    checkout = SharedClone(root, {"COMPOSE_PROJECT_NAME": NAME, "PORT": str(free_port())})
    checkout.edit("pyproject.toml", 'name = "slipway"\nasgi', f'name = "{NAME}"\nasgi')
    checkout.edit("pyproject.toml", 'registry = "localhost:5000"', f'registry = "{shared.address}"')
    # Each deployment would start one more container and wait for it to settle. Where it is at work: beside.cleans_up,
    # test_newcomer.py, test_service_in_production.py.
    without_processes(root)
    # The machinery's own tests take a minute, and ran before these; so did all of the service's.
    some = '["tests/app/posts/test_posts.py", "tests/app/test_users.py"]'
    checkout.edit("pyproject.toml", 'host = ["tests/app", "tests/slipway"]', f"host = {some}")
    checkout.edit("pyproject.toml", 'image = ["tests/app"]', f"image = {some}")
    checkout.edit(".env.example", "# WEB_CONCURRENCY=4\n", "WEB_CONCURRENCY=1\n")
    checkout.edit("pyproject.toml", "[tool.slipway.tests]", "[tool.slipway.deploy]\nsettle = 1\n\n[tool.slipway.tests]")
    run("git", "commit", "--quiet", "--all", "--message", "Names of its own", cwd=root)
    if (ROOT / ".mypy_cache").exists():  # the gate "types" would take half a minute without it
        shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
    run("git", "branch", "clean", cwd=root)
    checkout.zygote = Zygote(root)
    yield checkout
    checkout.zygote.end()
    remove_images()


@pytest.fixture
def docker(cloned: Checkout) -> Iterator[Checkout]:
    """Give the shared clone, clean before and nothing left after."""
    run("git", "reset", "--quiet", "--hard", cwd=cloned.root)
    run("git", "switch", "--quiet", "--force-create", "main", "clean", cwd=cloned.root)
    if tags := run("git", "tag", cwd=cloned.root).split():
        run("git", "tag", "--delete", *tags, cwd=cloned.root)
    run("git", "clean", "--quiet", "-d", "--force", cwd=cloned.root)
    for file in (".env", ".env.prod"):
        (cloned.root / file).unlink(missing_ok=True)
    shutil.rmtree(cloned.root / ".slipway", ignore_errors=True)
    yield cloned
    known = r"-(web|worker|scheduler|cleanup|db|proxy|cache|seed|redis|rabbitmq)-\d+$"
    left = [name for name in containers() if not re.search(known, name)]
    clear()
    assert left == []


@pytest.fixture
def plain(docker: Checkout, shared: Registry) -> Registry:
    """Give the shared clone a folder of the registry for one test."""
    made = shared.another()
    use(docker, made)
    return made


@pytest.fixture
def mortal(docker: Checkout) -> Iterator[Registry]:
    """Give the shared clone a registry of its own, that may be killed."""
    with registry() as made:
        use(docker, made)
        yield made


@pytest.fixture
def private(docker: Checkout, tmp_path: Path) -> Iterator[Registry]:
    """Give the shared clone a registry with a password, that may be killed."""
    with registry(tmp_path) as made:
        use(docker, made)
        yield made


@pytest.fixture
def key(docker: Checkout, tmp_path: Path) -> dict[str, str]:
    """Give the project a key; return the variables of whoever signs."""
    return new_key(docker, tmp_path / "key")
