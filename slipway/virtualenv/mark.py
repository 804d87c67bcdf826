"""What `inv` notes in a virtual environment: of what it was made, and what is its own there.

Of Slipway's own, the launcher compares the copy of the lock file, and reads the first two lines of the note; `start.py`
reads the third.
"""

import contextlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.virtualenv.packages import names
from slipway.virtualenv.python import Python
from slipway.virtualenv.venv import Venv

NOTE = "slipway.txt"
BEGUN = "begun"  # instead of the library's file, while .venv is made anew: what is there serves nobody


@dataclass(frozen=True)
class Mark:
    """A note: what PYTHON said, a file of the Python's library, how its extensions end, our packages' names.

    `files` has the hashes of those that are files of the project. A note that isn't there is empty.
    """

    asked: str = ""
    library: str = ""
    extensions: str = ""
    packages: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, venv: Venv) -> "Mark":
        """Read the note in one; of one made before there were any, the packages are those of its lock file."""
        try:
            asked, library, extensions, *ours = (venv.path / NOTE).read_text(encoding="utf-8").splitlines()
            named = {name: digest for name, _, digest in (line.partition(" ") for line in ours)}
            return cls(asked, library, extensions, frozenset(named), {name: one for name, one in named.items() if one})
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                return cls(packages=frozenset(names(venv.copy.read_text(encoding="utf-8"))))
            return cls()

    def write(self, venv: Path) -> None:
        """Write the note."""
        ours = [f"{name} {self.files.get(name, '')}".strip() for name in sorted(self.packages)]
        lines = [self.asked, self.library, self.extensions, *ours]
        (venv / NOTE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def begin(venv: Venv, asked: str, python: Python, ours: Iterable[str], anew: bool) -> None:
    """Note that it is at work on; it serves nobody until `finish`."""
    venv.copy.unlink(missing_ok=True)
    Mark(asked, BEGUN if anew else python.library, python.extensions, frozenset(ours)).write(venv.path)


def finish(venv: Venv, asked: str, python: Python, ours: Iterable[str], files: Mapping[str, str]) -> None:
    """Note that it has what the lock file asks for; the copy of that is written last."""
    Mark(asked, python.library, python.extensions, frozenset(ours), files).write(venv.path)
    shutil.copyfile(venv.root / venv.lock, venv.copy)
