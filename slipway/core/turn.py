"""A lock for each environment: one changing verb at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from slipway.core.steps import Steps


@contextlib.contextmanager
def alone(folder: Path, who: str, steps: Steps) -> Iterator[None]:
    """Hold the lock of an environment's folder; wait for it, saying for whom.

    The kernel drops it with its process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            steps.say(f"  waiting for {file.read().strip() or 'another verb'} to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{who} (process {os.getpid()})")
        file.flush()
        yield
