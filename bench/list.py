"""What `inv --list` and `slipway --help` cost: against an empty tasks file, and the launcher against Invoke.

.venv/bin/python bench/list.py [RUNS]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import ROOT, compare, timed


def main(runs: int) -> None:
    """Print the ratios."""
    subprocess.run([ROOT / "inv", "--list"], check=True, stdout=subprocess.DEVNULL)  # makes the environment
    python = str(ROOT / ".slipway/venv/bin/python")
    invoke = [python, "-m", "invoke"]
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder)
        (empty / "tasks.py").write_text("from invoke import task\n\n\n@task\ndef nothing(c):\n    pass\n")
        compare(
            "inv --list / an empty tasks file",
            lambda: timed([*invoke, "--list"]),
            lambda: timed([*invoke, "--list"], cwd=empty),
            runs,
        )
        compare(
            "./inv --list / python -m invoke --list (the launcher)",
            lambda: timed([str(ROOT / "inv"), "--list"]),
            lambda: timed([*invoke, "--list"]),
            runs,
        )
        compare(
            "slipway --help / an empty tasks file",
            lambda: timed([python, "-m", "slipway", "--help"]),
            lambda: timed([*invoke, "--list"], cwd=empty),
            runs,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
