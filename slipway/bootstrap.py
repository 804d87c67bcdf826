"""Make `.venv` from poetry.lock, with the standard library alone.

Run by the launcher `inv` under the system's Python: nothing is installed yet, Poetry neither, so that what is
imported needs the standard library alone. pip gets each locked package with its hashes, as `poetry export` would
write them; bytecode is compiled on every core.
"""

import contextlib
import fcntl
import filecmp
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from slipway.core import disk
from slipway.project.lockfile import INSTALL, LOCK, NAME, Lockfile, Unusable


def make_venv(root: Path) -> None:
    """Make or update `root/.venv` from `root/poetry.lock`.

    The copy of the lock file that says "done" is written last. Raises SystemExit with what to do next.
    """
    venv, lock_file = root / ".venv", root / NAME
    python = venv / "bin" / "python"
    if not lock_file.exists():
        raise SystemExit(f"inv: there is no {NAME} to make .venv from: {LOCK}")
    with _alone(root):
        made_from = venv / NAME
        if python.exists() and made_from.exists() and filecmp.cmp(lock_file, made_from, shallow=False):
            return  # another call made it while this one waited
        try:
            packages = Lockfile.read(root).requirements("main", "dev")
        except Unusable as error:
            raise SystemExit(f"inv: {NAME} cannot be used here ({error}): make .venv with `{INSTALL}`") from None
        began = time.monotonic()
        print(f"inv: making .venv from {NAME}, {len(packages)} packages", file=sys.stderr, flush=True)  # noqa: T201
        made_from.unlink(missing_ok=True)
        broken = python.is_symlink() and not python.exists()  # the Python that it was made with is gone
        _run(
            root,
            [sys.executable, "-m", "venv", *(["--clear"] if broken else []), str(venv)],
            "Python's venv module does not work; on Debian and Ubuntu: sudo apt install python3-venv",
        )
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
            listing.write("\n".join(packages))
            listing.flush()
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
            _run(
                root,
                [*pip, "--no-deps", "--require-hashes", "--requirement", listing.name],
                "see pip's message above (pip's own configuration names a proxy or a mirror), then run ./inv again",
            )
        _run(root, [str(python), "-m", "compileall", "-q", "-j", "0", str(venv / "lib")], None)
        shutil.copyfile(lock_file, made_from)
        print(f"inv: .venv is ready ({time.monotonic() - began:.1f} s)", file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    # The kernel drops this lock with its process, however that ends.
    state = root / ".slipway"
    state.mkdir(exist_ok=True)
    with (state / "bootstrap.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(root: Path, argv: list[str], advice: str | None) -> None:
    # Some packages carry files that are no Python: compileall may fail on them.
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode and advice:
        sys.stderr.write(done.stdout)
        where = [root, *disk.temporary()]
        advice = disk.full(*where) if disk.is_full(done.stdout, *where) else advice
        raise SystemExit(f"inv: .venv could not be made: {advice}")


def _interrupt(signum: int, _frame: object) -> None:
    raise SystemExit(128 + signum)  # pip, if it runs, is killed on the way


def main(root: Path, arguments: list[str]) -> None:
    """Make `.venv`, and let Invoke take this process over."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        make_venv(root)
        python, program = str(root / ".venv" / "bin" / "python"), str(root / "slipway" / "verbs" / "__main__.py")
        os.execv(python, [python, "-X", "utf8", "-P", program, "--search-root", str(root), *arguments])  # noqa: S606
    except OSError as problem:
        raise SystemExit(f"inv: .venv could not be made: {disk.explained(problem, root) or problem}") from None
    except KeyboardInterrupt:
        raise SystemExit("inv: stopped; run ./inv again") from None
