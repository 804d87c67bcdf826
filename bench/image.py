"""What `inv build` costs over plain `docker build`, and what the stages of the Dockerfile spare.

Needs a Docker Engine. Works in a clone; its images are removed afterwards, the build cache stays. Cold is with
`--no-cache`, which empties the cache mounts of packages as well.

    .venv/bin/python bench/image.py [RUNS]
"""

import itertools
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import ROOT, compare, timed

sys.path.insert(0, str(ROOT))
from slipway.project import dotenv

NAME = f"slipway-bench-{os.getpid()}"
INV = [str(ROOT / ".venv/bin/python"), "-m", "invoke"]
GIT = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com"]


def main(runs: int, clone: Path) -> None:
    """Print ratios of times, then sizes."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    pyproject = clone / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('name = "slipway"\nasgi', f'name = "{NAME}"\nasgi'))
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message", "A name of its own"], cwd=clone, check=True)
    times(runs, clone)
    ended = statistics.median(stopped(f"{NAME}:plain") for _ in range(runs))
    sys.stdout.write(f"{'idle, from SIGTERM to the end with exit code 0':<58} {ended:7.2f} s\n")
    timed([*INV, "build"], cwd=clone)
    sizes(clone)


def times(runs: int, clone: Path) -> None:
    """Print ratios of the times that builds take."""
    code, number = clone / "app/main.py", itertools.count()

    def inv(*options: str) -> float:
        return timed([*INV, "build", *options], cwd=clone)

    def docker(*options: str) -> float:
        return timed(["docker", "build", "--tag", f"{NAME}:plain", *options, "."], cwd=clone)

    def single(*options: str) -> float:
        return timed(["docker", "build", "--tag", f"{NAME}:single", "--target", "single", *options, "."], cwd=clone)

    def changed() -> None:
        with code.open("a") as file:
            file.write(f"# {next(number)}\n")

    compare("cold: inv build / docker build", lambda: inv("--no-cache"), lambda: docker("--no-cache"), 3)
    compare("warm: inv build / docker build", inv, docker, runs)
    compare("code changed: inv build / docker build", lambda: changed() or inv(), lambda: changed() or docker(), runs)
    compare("cold: stages / a single stage", lambda: docker("--no-cache"), lambda: single("--no-cache"), 1)
    compare("code changed: stages / a single stage", lambda: changed() or docker(), lambda: changed() or single(), runs)


def sizes(clone: Path) -> None:
    """Print what the image is made of, in MB."""
    shown = subprocess.run([*INV, "image", "--json"], cwd=clone, check=True, capture_output=True, text=True)
    one = json.loads(shown.stdout)
    baseline, above = one["single"], one["size"] - one["base"]
    wheels = sum(package["size"] for package in one["packages"])
    rows = [
        ("base image", one["base"]), ("packages as installed, with bytecode", wheels), ("layers above the base", above),
        ("changed by code alone", one["layers"][-1]["size"]),
        ("single stage, above the base", baseline["size"] - one["base"]),
    ]  # fmt: skip
    sys.stdout.writelines(f"{name:<58} {size / 1e6:7.1f} MB\n" for name, size in rows)


def stopped(tag: str) -> float:
    """Return the seconds that an idle container takes to end when told to."""
    example = dotenv.schema((ROOT / ".env.example").read_text()).required
    env = [f"--env={name}={value or secrets.token_hex(20)}" for name, value in example.items()]
    ask = "c = h.HTTPConnection('127.0.0.1', 8000); c.request('GET', '/health/live')"  # urllib takes HTTP_PROXY
    live = f"import http.client as h; {ask}; raise SystemExit(c.getresponse().status != 200)"
    run = ["docker", "run", "--detach", *env, "--health-interval=200ms", f'--health-cmd=python -c "{live}"', tag]
    container = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    try:
        state = ""
        while state != "healthy":
            inspect = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
            state = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
        taken = timed(["docker", "stop", container])
        code = ["docker", "inspect", "--format", "{{.State.ExitCode}}", container]
        if (ended := subprocess.run(code, capture_output=True, text=True, check=True).stdout.strip()) != "0":
            sys.exit(f"the container ended with {ended}")
        return taken
    finally:
        subprocess.run(["docker", "rm", "--force", container], capture_output=True, check=True)


def remove() -> None:
    """Remove the images that were made."""
    listing = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", NAME]
    if tags := subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split():
        subprocess.run(["docker", "image", "rm", "--force", *tags], capture_output=True, check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        try:
            main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, Path(folder) / "clone")
        finally:
            remove()
