"""What `inv up` costs over raw `docker compose up --wait`, from nothing running to ready.

Needs a Docker Engine; the image is built before. Both start on an empty volume, migrate, and wait until ready. Runs in
a clone, under a Compose project of its own, and removes both.

    .venv/bin/python bench/up.py [RUNS]
"""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import ROOT, compare, timed

sys.path.insert(0, str(ROOT))
from tests.support import without_processes

NAME = f"slipway-bench-{os.getpid()}"


def main(runs: int, clone: Path) -> None:
    """Print the ratio."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = os.environ | {"COMPOSE_PROJECT_NAME": NAME, "PORT": port}
    down = ["docker", "compose", "down", "--volumes"]
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    without_processes(clone)  # which plain Compose does not start
    inv = [str(ROOT / ".venv/bin/python"), "-m", "invoke"]

    def up() -> float:
        taken = timed([*inv, "up", "--runtime", "docker"], cwd=clone, env=env)
        timed(down, cwd=clone, env=env)
        return taken

    def raw() -> float:
        # `up --wait` alone reports the one-off that has ended as a failure: wait for the service by name.
        taken = timed(["docker", "compose", "up", "--detach", "--wait", "web"], cwd=clone, env=env)
        timed(down, cwd=clone, env=env)
        return taken

    try:
        compare("inv up / docker compose up --wait web", up, raw, runs)
    finally:
        subprocess.run(down, cwd=clone, env=env, capture_output=True, check=False)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, Path(folder) / "clone")
