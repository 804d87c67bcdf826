"""A production to measure: a clone of this project, deployed under a name of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairs import ROOT

sys.path.insert(0, str(ROOT))
from slipway.core.ports import free_port
from tests.e2e.talk import done
from tests.support import Checkout, without_processes

NAME = f"slipway-bench-{os.getpid()}"


def commit(checkout: Checkout, message: str) -> None:
    """Commit what has changed."""
    git = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", message], cwd=checkout.root, check=True)


@contextmanager
def deployed() -> Iterator[Checkout]:
    """Give a deployed clone; remove all that is left of it."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        checkout = Checkout(clone, {"COMPOSE_PROJECT_NAME": NAME, "PORT": str(free_port())})
        try:
            checkout.edit("pyproject.toml", 'name = "slipway"\nasgi', f'name = "{NAME}"\nasgi')
            without_processes(clone)  # what is measured is web, beside what Compose does with it
            commit(checkout, "A name of its own")
            done(checkout, "deploy", "--yes", "--bake", "0")
            yield checkout
        finally:
            checkout.inv("down", "--prod", "--volumes", "--yes")
            mine = ["docker", "image", "ls", "--quiet", "--filter", f"reference={NAME}"]
            images = subprocess.run(mine, capture_output=True, text=True, check=True).stdout.split()
            subprocess.run(["docker", "image", "rm", "--force", *images], capture_output=True, check=False)
