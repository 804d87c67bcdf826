"""Projects to run the verbs on, in folders of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway import interpreter
from slipway.core import processes
from slipway.project.database import Database
from slipway.runtime.postgres import FAST, Server
from tests.support import LITTLE, ROOT, Checkout, copy, free_port, machinery

# Projects in folders of their own use what is installed here, and make no environment.
os.environ.setdefault(interpreter.GIVEN, sys.prefix)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Checkout]:
    """Give a copy of this project, in a path with a space; nothing runs afterwards."""
    checkout = Checkout(copy(tmp_path / "my service"), {"PORT": str(free_port())})
    yield checkout
    for log in checkout.root.glob(".slipway/*/service.log"):
        sys.stdout.write(f"{log}\n{processes.tail(log)}\n")  # pytest shows it when the test failed
    down = checkout.inv("down", "--runtime", "host")
    assert down.returncode == 0, down.stderr


@pytest.fixture
def little(tmp_path: Path) -> Iterator[Checkout]:
    """Give a different project on the same machinery: no database, no migrations."""
    root = tmp_path / "little"
    shutil.copytree(LITTLE, root)
    machinery(root)
    checkout = Checkout(root, {"PORT": str(free_port())})
    yield checkout
    down = checkout.inv("down", "--runtime", "host")
    assert down.returncode == 0, down.stderr


@pytest.fixture
def database_elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a PostgreSQL that is not the project's own."""
    server = Server(tmp_path / "elsewhere")
    login = Database("someone", "a password with $ and 'quotes'", "theirs")
    port = server.start(login, settings=FAST)
    yield {
        "DATABASE_HOSTNAME": "127.0.0.1",
        "DATABASE_PORT": str(port),
        "DATABASE_USERNAME": login.username,
        "DATABASE_PASSWORD": login.password,
        "DATABASE_NAME": login.name,
        "DATABASE_SSLMODE": "disable",
    }
    server.stop()


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build Slipway's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "./slipway"]
    subprocess.run([*command, "--wheel-dir", str(folder)], cwd=ROOT, check=True, timeout=120)
    (made,) = folder.iterdir()
    return made
