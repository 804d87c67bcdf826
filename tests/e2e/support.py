"""What the end-to-end tests share: the names of a worker, a clone to work in, and programs that have to succeed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT, Checkout

NAME = f"slipway-{os.getpid()}-e2e"  # no other's name is part of it: `docker ps --filter name=` looks for parts


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
    run("git", "init", "--quiet", "--initial-branch=main", cwd=target)
    for name, value in (("user.name", "E2E"), ("user.email", "e2e@example.com")):
        run("git", "config", name, value, cwd=target)
    run("git", "add", "--all", cwd=target)
    run("git", "commit", "--quiet", "--message", "A clone", cwd=target)
    return target


def commit(checkout: Checkout, message: str) -> None:
    """Commit everything."""
    run("git", "add", "--all", cwd=checkout.root)
    run("git", "commit", "--quiet", "--message", message, cwd=checkout.root)


def containers() -> list[str]:
    """Return the names of the tests' containers, running or not."""
    return run("docker", "ps", "--all", "--format", "{{.Names}}", "--filter", f"name={NAME}").split()


def volumes() -> list[str]:
    """Return the names of the tests' volumes."""
    return run("docker", "volume", "ls", "--quiet", "--filter", f"name={NAME}").split()


def clear() -> None:
    """Remove all that a test has left on the engine, but for the images."""
    for listing, remove in ((["ps", "--all"], ["rm", "--force", "--volumes"]), (["volume", "ls"], ["volume", "rm"]),
                            (["network", "ls"], ["network", "rm"])):  # fmt: skip
        if found := run("docker", *listing, "--quiet", "--filter", f"name={NAME}").split():
            run("docker", *remove, *found)


def remove_images(named: str = NAME) -> None:
    """Remove the tests' images, or those of them that are `named` so."""
    form = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"  # one that was pulled by its digest has no tag
    images = [line.split() for line in run("docker", "image", "ls", "--digests", "--format", form).splitlines()]
    if ours := [digest if tag.endswith(":<none>") else tag for tag, digest in images if named in tag]:
        run("docker", "image", "rm", "--force", *ours)


def longest_first(item: pytest.Item) -> int:
    """Return the minutes that a test's file takes, as it says, so that they can be sorted by: below zero, or 0."""
    marker = item.get_closest_marker("minutes")
    return -int(marker.args[0]) if marker else 0
