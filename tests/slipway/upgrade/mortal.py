"""An upgrade that is killed before each of its steps on the disk: a program, as it ends processes of its own.

    python -P -m tests.slipway.upgrade.mortal PROJECT WHEEL FOLDER

FOLDER gets a copy of the project for each step, as whoever was killed has left it; the last one's was not killed.
"""

import itertools
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipway.upgrade.run import Upgrade, carry_out
from tests.slipway.upgrade.support import prepared

STEPS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.chown", "os.symlink"}
READING = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY


def killing(root: Path, at: int) -> Callable[[str, tuple[Any, ...]], None]:
    """Return what is told of all that Python does, and kills it before a step in this folder."""
    steps = itertools.count()

    def hook(event: str, told: tuple[Any, ...]) -> None:
        is_step = event in STEPS or (event == "open" and (told[2] or 0) & ~READING)
        if is_step and str(root) in str(told[:2]) and next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def killed(upgrade: Upgrade, at: int) -> bool:
    """Carry it out in a process that is killed at a step; tell whether there was one."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    try:
        sys.addaudithook(killing(upgrade.root, at))
        carry_out(upgrade)
    finally:
        os._exit(0)


def main(root: Path, to: Path, folder: Path) -> None:
    """Kill it at each step."""
    with tempfile.TemporaryDirectory() as wheels:
        upgrade = prepared(root, to, Path(wheels))
    for at in itertools.count():
        copy = shutil.copytree(root, folder / f"{at:03}", symlinks=True)
        if not killed(replace(upgrade, root=copy), at):
            return


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
