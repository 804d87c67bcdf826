"""What the first `./inv` costs: a fresh clone, no .venv, an empty pip cache.

The other column is the plain way: `python3 -m venv`, then `pip install` of the same packages with their hashes.

    .venv/bin/python bench/bootstrap.py [RUNS]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import ROOT, compare, timed

sys.path.insert(0, str(ROOT))
from slipway.project.lockfile import Lockfile


def main(runs: int) -> None:
    """Print the seconds and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        clone, plain = Path(folder) / "clone", Path(folder) / "plain"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        listing = Path(folder) / "requirements.txt"
        listing.write_text("\n".join(Lockfile.read(clone).requirements("main", "dev")))
        env = {**os.environ, "PIP_NO_CACHE_DIR": "1"}

        def first() -> float:
            shutil.rmtree(clone / ".venv", ignore_errors=True)
            return timed([str(clone / "inv"), "--list"], env=env)

        def by_hand() -> float:
            shutil.rmtree(plain, ignore_errors=True)
            pip = [str(plain / "bin/pip"), "install", "--quiet", "--require-hashes", "--requirement", str(listing)]
            return timed(["python3", "-m", "venv", str(plain)], env=env) + timed(pip, env=env)

        compare("the first ./inv --list / python -m venv + pip install", first, by_hand, runs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
