"""A Docker client that hangs in one call: it comes before the real one on PATH."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support import wait_for

# It hangs in the first call with these words once it is armed, and hears no signal but SIGKILL then.
CLIENT = """#!/bin/sh
case "$*" in
*"{words}"*)
    if [ -e {folder}/armed ] && mkdir {folder}/hung 2>/dev/null; then
        {first}
        trap '' INT TERM HUP
        touch {folder}/hangs
        sleep 600
    fi
    ;;
esac
exec {real} "$@"
"""


@dataclass(frozen=True)
class HangingClient:
    """A folder for PATH."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, words: str, passed_on: bool = False) -> "HangingClient":
        """Make one that hangs in a call with these words; with `passed_on`, once that was done."""
        folder.mkdir()
        folder.chmod(0o777)  # for an ordinary user
        real = shutil.which("docker")
        client = folder / "docker"
        first = f'{real} "$@"' if passed_on else ":"
        client.write_text(CLIENT.format(words=words, folder=folder, first=first, real=real))
        client.chmod(0o755)
        return cls(folder)

    @property
    def path(self) -> str:
        """PATH with it."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def arm(self) -> None:
        """Let it hang from now on."""
        (self.folder / "armed").touch()

    def wait(self) -> None:
        """Wait until it hangs."""
        wait_for(lambda: (self.folder / "hangs").exists())
