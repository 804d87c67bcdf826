"""How the tests release, and what they look at before and after."""

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from slipway.image.build import Options
from slipway.project.config import load
from slipway.release.gates import of as gates_of
from tests.e2e.registries import Registry
from tests.e2e.support import NAME, commit, containers, run, volumes
from tests.support import ROOT, Checkout

GATES = [gate.name for gate in gates_of(load(ROOT), "0.0.0", "", [], Options())]
KEY = {"COSIGN_PASSWORD": "of the key"}


def use(checkout: Checkout, made: Registry) -> None:
    """Have the project push there."""
    text = (checkout.root / "pyproject.toml").read_text()
    checkout.write("pyproject.toml", re.sub(r'(?m)^registry = ".*"$', f'registry = "{made.address}"', text))
    commit(checkout, "A registry of its own")


def key_pair(folder: Path) -> Path:
    """Make a key pair; return its private half."""
    folder.mkdir()
    env = {**os.environ, **KEY}
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env=env, capture_output=True, check=True)
    return folder / "cosign.key"


def new_key(checkout: Checkout, folder: Path) -> dict[str, str]:
    """Give the project a key; return the variables of whoever signs."""
    private = key_pair(folder)
    checkout.write("cosign.pub", private.with_suffix(".pub").read_text())
    text = (checkout.root / "pyproject.toml").read_text()
    if "[tool.slipway.release]" not in text:
        checkout.write("pyproject.toml", f'{text}\n[tool.slipway.release]\nkey = "cosign.pub"\n')
    commit(checkout, "A key")
    return {**KEY, "COSIGN_KEY": str(private)}


# Stages of the Dockerfile: all packages, which take a minute without the cache; and those of the tests, 436 MB to push.
PACKAGES = ("requirements", "dependencies", "test-dependencies")
TESTING = ("test-dependencies",)


def without(checkout: Checkout, stages: Iterable[str]) -> None:
    """Take stages out of the Dockerfile, where a test is not about what is in the image, and commit."""
    text = (checkout.root / "Dockerfile").read_text()
    for name in stages:
        text, count = re.subn(rf"(?ms)^FROM \S+ AS {name}\n.*?(?=^FROM )", "", text)
        assert count == 1, name
        text = re.sub(rf"(?m)^COPY --from={name} .*\n", "", text)
    checkout.write("Dockerfile", text)
    commit(checkout, f"Build without {', '.join(stages)}")


def change(checkout: Checkout, what: str) -> None:
    """Commit something worth a release."""
    checkout.write(f"changelog.d/+{what}.added.md", f"There is {what}.\n")
    commit(checkout, f"Add {what}")


def release(checkout: Checkout, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Release."""
    return checkout.inv("release", "--yes", *args, **env)


def only(*names: str) -> list[str]:
    """Return the options that skip all gates but these."""
    return [word for name in GATES if name not in (*names, "image") for word in ("--skip", name)]


def killed_at(
    checkout: Checkout, line: str, act: Callable[["subprocess.Popen[str]"], object], *args: str, **env: str
) -> tuple[int, str]:
    """Release, and act when a line is printed; return how it ended, and what it said."""
    said: list[str] = []
    with checkout.start("release", "--yes", *args, **env) as running:
        assert running.stdout
        for text in running.stdout:
            is_first = not any(re.search(line, old) for old in said)
            said.append(text)
            if is_first and re.search(line, text):
                act(running)
    return running.returncode, "".join(said)


def state(checkout: Checkout, made: Registry) -> tuple[object, ...]:
    """Return all that a release that fails has to leave as it was."""
    refs = run("git", "for-each-ref", cwd=checkout.root)
    files = run("git", "status", "--porcelain", cwd=checkout.root)
    kept = sorted(path.name for path in (checkout.root / ".slipway" / "release").glob("*/"))
    names = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    made_by_it = re.compile(r".*:(\d+\.\d+\.\d+(-test)?|verify-\d+)")
    images = sorted(name for name in names if NAME in name and made_by_it.fullmatch(name))
    head = run("git", "rev-parse", "--abbrev-ref", "HEAD", cwd=checkout.root)
    return refs, head, files, kept, made.tags(), images, containers(), volumes()


def rows(text: str) -> list[tuple[str, str]]:
    """Return the names and lines of a plan."""
    return [(line[:10].strip(), line[11:].strip()) for line in text.partition("\n\n")[0].splitlines()]


def told(stderr: str) -> list[tuple[str, str]]:
    """Return the names and lines of the steps that were done, after the plan."""
    lines = [line[2:] for line in stderr.splitlines()[stderr.splitlines().index("") :] if line.startswith("  ")]
    timed = [re.fullmatch(r"(\S+) +(.*?) +[\d.]+ s", line) for line in lines]
    left = [re.fullmatch(r"(\S+) +(left out: .*)", line) for line in lines]
    found = [one for pair in zip(timed, left, strict=True) for one in pair if one]
    return [(one[1], one[2]) for one in found if one[1] not in ("total", "...")]  # the latter while it takes long


def matches(planned: list[tuple[str, str]], found: list[tuple[str, str]], sha: str) -> bool:
    """Tell whether what was done is what was planned, line for line; what was done may say more."""
    wanted = [(name, what.replace("<commit>", sha)) for name, what in planned]
    return [name for name, _ in wanted] == [name for name, _ in found] and all(
        did.startswith(what) for (_, what), (_, did) in zip(wanted, found, strict=True)
    )
