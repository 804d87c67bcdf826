"""What `inv up` costs over raw `docker compose up --wait`, from nothing running to ready.

Needs a Docker Engine; the image is built before. Both start on an empty volume, migrate, and wait until ready. Runs
under a Compose project of its own and removes it.

    .venv/bin/python bench/up.py [RUNS]
"""

import os
import socket
import subprocess
import sys

from pairs import ROOT, compare, timed

NAME = f"slipway-bench-{os.getpid()}"


def main(runs: int) -> None:
    """Print the ratio."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = os.environ | {"COMPOSE_PROJECT_NAME": NAME, "PORT": port}
    down = ["docker", "compose", "down", "--volumes"]

    def up() -> float:
        taken = timed([str(ROOT / "inv"), "up", "--runtime", "docker"], env=env)
        timed(down, env=env)
        return taken

    def raw() -> float:
        # `up --wait` alone reports the one-off that has ended as a failure: wait for the service by name.
        taken = timed(["docker", "compose", "up", "--detach", "--wait", "web"], env=env)
        timed(down, env=env)
        return taken

    try:
        compare("inv up / docker compose up --wait web", up, raw, runs)
    finally:
        subprocess.run(down, cwd=ROOT, env=env, capture_output=True, check=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
