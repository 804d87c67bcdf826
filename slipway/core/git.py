"""Git asked about another folder than it may be told of, before Slipway's own shell is there."""

import os
import subprocess
from pathlib import Path

# Where git looks, and for whom it acts: a hook that calls this has them set for its own repository.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
LIMIT = 60  # seconds


def ask(folder: Path, *args: str, given: str = "") -> tuple[int, str]:
    """Run git in a folder; return its status, and what it printed, or why it failed: also when it does not start."""
    env = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *args],
            cwd=folder,
            env=env,
            input=os.fsencode(given),
            capture_output=True,
            check=False,
            timeout=LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    said = done.stderr or done.stdout if done.returncode else done.stdout
    return done.returncode, said.decode(errors="surrogateescape")
