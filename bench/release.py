"""What `inv release` costs over the same pushes by hand, and where the time of all its gates goes.

Needs a Docker Engine. Works in a clone, against a registry of its own on loopback; removes both, the build cache stays.

    .venv/bin/python bench/release.py [RUNS]
"""

import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pairs import ROOT, compare, timed

NAME = f"slipway-bench-{os.getpid()}"
INV = [str(ROOT / ".venv/bin/python"), "-m", "invoke"]
GATES = (
    "lint", "types", "dockerfile", "tests", "packages", "secrets", "advisories", "rebuild", "migrations", "rehearsal",
    "in-image", "deploy",
)  # fmt: skip


def main(runs: int, clone: Path) -> None:
    """Print a ratio, and each step's share of a whole release."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        registry = f"localhost:{probe.getsockname()[1]}"
    run = ["docker", "run", "--detach", "--publish", f"127.0.0.1:{registry.partition(':')[2]}:5000", "registry:2"]
    container = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    try:
        prepare(clone, registry)
        number = itertools.count()
        against_hand(runs, clone, registry, number)
        change(clone, next(number))
        shares(clone)
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", container], capture_output=True, check=False)
        listing = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
        images = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
        if mine := [name for name in images if NAME in name]:
            subprocess.run(["docker", "image", "rm", "--force", *mine], capture_output=True, check=False)


def prepare(clone: Path, registry: str) -> None:
    """Give the clone names and a registry of its own."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    git(clone, "switch", "--quiet", "--create", "bench")
    for name, value in (("user.name", "Bench"), ("user.email", "bench@example.com")):
        git(clone, "config", name, value)
    pyproject = clone / "pyproject.toml"
    text = pyproject.read_text().replace('name = "slipway"\nasgi', f'name = "{NAME}"\nasgi')
    text = re.sub(r'(?m)^registry = ".*"$', f'registry = "{registry}"', text)
    pyproject.write_text(text.replace('host = ["tests/app", "tests/slipway"]', 'host = ["tests/app"]'))
    git(clone, "commit", "--quiet", "--all", "--message", "Names of its own")


def git(clone: Path, *args: str) -> None:
    """Run git."""
    subprocess.run(["git", *args], cwd=clone, check=True, capture_output=True)


def change(clone: Path, count: int) -> None:
    """Commit something to release."""
    (clone / "changelog.d" / f"+{count}.added.md").write_text(f"Number {count}.\n")
    with (clone / "app/main.py").open("a") as file:
        file.write(f"# {count}\n")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", f"Number {count}")


def against_hand(runs: int, clone: Path, registry: str, number: Iterator[int]) -> None:
    """Print the ratio of a release without gates to one by hand."""

    def release() -> float:
        change(clone, next(number))
        skipped = [word for gate in GATES for word in ("--skip", gate)]
        return timed([*INV, "release", "--yes", *skipped], cwd=clone)

    def by_hand() -> float:
        change(clone, next(number))
        began = time.perf_counter()
        count, repository = next(number), f"{registry}/{NAME}"
        git(clone, "commit", "--quiet", "--allow-empty", "--message", "Release")
        git(clone, "tag", "--annotate", f"by-hand-{count}", "--message", "Release")
        names = [f"{repository}:{name}-by-hand" for name in (f"sha-{count}", f"{count}", "x.y", "x", "latest")]
        tags = [word for name in names for word in ("--tag", name)]
        build = ["docker", "build", "--provenance=false", "--build-arg", f"VERSION={count}"]
        timed([*build, *tags, "."], cwd=clone)
        timed([*build, "--target", "test", "--tag", f"{repository}:{count}-test", "."], cwd=clone)
        for name in [*names, f"{repository}:{count}-test"]:
            timed(["docker", "push", "--quiet", name], cwd=clone)
        return time.perf_counter() - began

    compare("inv release without its gates / by hand", release, by_hand, runs)


def shares(clone: Path) -> None:
    """Release with all gates; print what share of the time each step took."""
    done = subprocess.run([*INV, "release", "--yes"], cwd=clone, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    lines = done.stderr.partition(" commit --quiet ")[2].splitlines()
    timed_ = [found for line in lines if (found := re.fullmatch(r"  (\S+) .* ([\d.]+) s", line))]
    total = float(next(found[2] for found in timed_ if found[1] == "total"))
    rows: dict[str, float] = {}
    for found in timed_:
        if found[1] != "total":
            rows[found[1]] = rows.get(found[1], 0) + float(found[2])
    sys.stdout.writelines(f"{name:<58} {took / total:7.0%}\n" for name, took in rows.items())
    sys.stdout.write(f"{'all of it':<58} {total:7.1f} s\n")


if __name__ == "__main__":
    if not shutil.which("docker"):
        sys.exit("This needs a Docker Engine.")
    with tempfile.TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, Path(folder) / "clone")
