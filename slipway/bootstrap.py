"""Make Slipway's own environment from slipway.lock, with the standard library alone, and let the verbs begin there.

Run by the launcher `inv` under the system's Python, out of the folder or the wheel that slipway.lock names: nothing is
installed yet.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from slipway.core import disk, output
from slipway.virtualenv import install, make, venv
from slipway.virtualenv.start import FAILED, START
from slipway.virtualenv.venv import Refused

STOPPED = "stopped; run ./inv again"


@contextlib.contextmanager
def _without_python_path() -> Iterator[None]:
    # pip takes what lies in its folders for installed, and leaves it out.
    named = os.environ.pop("PYTHONPATH", "")
    theirs = {os.path.abspath(one) for one in named.split(os.pathsep)} if named else set()  # noqa: PTH100
    sys.path[:] = [one for one in sys.path if one not in theirs]
    yield
    os.environ |= {"PYTHONPATH": named} if named else {}


def _interrupt(signum: int, _frame: object) -> None:
    sys.stderr.write(f"inv: {STOPPED}\n")
    raise SystemExit(128 + signum)  # the installer, if it runs, is ended on the way


def main(root: Path, arguments: Iterable[str]) -> None:
    """Make Slipway's environment, and let the verbs take this process over."""
    output.keep()
    for number in (signal.SIGTERM, signal.SIGHUP):  # which is ignored under nohup
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    ours = venv.own(root)
    try:
        with _without_python_path():
            make.make(ours, Path(install.base()), os.environ.get("PYTHON", ""), os.environ.get(FAILED, ""))
        python = str(ours.python)
        os.execv(python, [python, "-X", "utf8", "-P", "-c", START, str(root), *arguments])  # noqa: S606
    except Refused as refused:
        raise SystemExit(f"inv: {refused}") from None
    except OSError as problem:
        raise SystemExit(f"inv: {ours.folder} could not be made: {disk.explained(problem, root) or problem}") from None
    except KeyboardInterrupt:
        raise SystemExit(f"inv: {STOPPED}") from None
