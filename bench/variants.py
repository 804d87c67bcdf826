"""What the image weighs on each base image of Debian's.

Needs a Docker Engine with the base images (`.ci/engine --variants` makes stand-ins). Works in a clone; its images are
removed afterwards, the build cache stays.

    .venv/bin/python bench/variants.py
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from image import GIT, INV, NAME, remove
from pairs import ROOT

VARIANTS = [
    ("3.13", "slim"), ("3.13", "slim-trixie"), ("3.13", "trixie"), ("3.13", "full"),
    ("3.11", "slim-bookworm"), ("3.11", "bookworm"),
]  # fmt: skip


def main(clone: Path) -> None:
    """Print the sizes as rows of a table, in MB of 10^6 bytes."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    pyproject = clone / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('name = "slipway"\nasgi', f'name = "{NAME}"\nasgi'))
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message", "A name of its own"], cwd=clone, check=True)
    sys.stdout.write("| base image | its size | above it | whole |\n|---|---|---|---|\n")
    for python, variant in VARIANTS:
        build = [*INV, "build", "--python", python, "--variant", variant]
        tag = subprocess.run(build, cwd=clone, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        show = [*INV, "image", "--tag", tag, "--json"]
        one = json.loads(subprocess.run(show, cwd=clone, check=True, capture_output=True, text=True).stdout)
        name = one["labels"]["org.opencontainers.image.base.name"].rpartition("/")[2]
        base, whole = one["base"] / 1e6, one["size"] / 1e6
        sys.stdout.write(f"| `{name}` | {base:.1f} | {whole - base:.1f} | {whole:.1f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        try:
            main(Path(folder) / "clone")
        finally:
            remove()
