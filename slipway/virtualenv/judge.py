"""Whether a virtual environment can serve: what is wrong with the one that is there, and what may be done about it."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slipway.virtualenv import python as pythons
from slipway.virtualenv.mark import BEGUN, Mark
from slipway.virtualenv.python import Python, Unfit
from slipway.virtualenv.venv import Refused, Venv


@dataclass(frozen=True)
class Verdict:
    """The Python of a .venv that is there; or why it has to be made anew, "" when there was none."""

    python: Python | None = None
    why: str = ""


def judge(venv: Venv, mark: Mark, asked: str, mine: Python) -> Verdict:
    """Tell whether the Python of a virtual environment can serve.

    `asked` is what PYTHON says ("" for nothing), `mine` the one that would make it. Raises Refused.
    """
    if not is_there(venv.path):
        return Verdict()
    if mark.library == BEGUN:
        return Verdict(why="was not made to the end")
    if absent := _absent(venv.python):
        return Verdict(why=absent)
    try:
        found = pythons.ask(venv.python)
    except Unfit as error:
        return Verdict(why=f"has a Python that does not start ({error})")
    return Verdict(found, _against(found, venv, mark, asked, mine))


def _absent(python: Path) -> str:
    try:
        python.stat()
    except PermissionError:  # root has made it of a Python in its own home, say
        return "has a Python that is closed to this user"
    except OSError:
        return "has no Python any more" if python.is_symlink() else "has no bin/python"
    return ""


def _against(found: Python, venv: Venv, mark: Mark, asked: str, mine: Python) -> str:
    made = made_with(venv.path)
    if asked and (found.prefix, found.version) != (mine.prefix, mine.version):
        return f"was made with Python {found.version} in {found.prefix}, and PYTHON is {asked}"
    if reason := venv.excludes(found.version):
        return f"was made with Python {found.version}, and {reason}"
    if made and made != found.minor:
        return f"was made with Python {made}, which is {found.minor} by now"
    if mark.extensions and mark.extensions != found.extensions:
        return f"was made where packages end in {mark.extensions}; here they end in {found.extensions}"
    return ""


def is_there(venv: Path) -> bool:
    """Tell whether there is a virtual environment; raises Refused for something else of that name."""
    if not os.path.lexists(venv):
        return False
    if not venv.is_dir():
        raise Refused(f"{venv} is no folder: move it away, then run ./inv again")
    try:
        if (venv / "pyvenv.cfg").exists():
            list(venv.iterdir())
            return True
        files = any(files for _, _, files in os.walk(venv, onerror=_raise))
    except PermissionError:
        raise Refused(
            f"{venv} cannot be read by this user: remove it (sudo rm -r {venv}), then run ./inv again"
        ) from None
    if files:
        raise Refused(f"{venv} has no pyvenv.cfg, so it is no virtual environment: move it away, then run ./inv again")
    return False


def _raise(error: OSError) -> None:
    raise error


def made_with(venv: Path) -> str:
    """Return the version of the Python that .venv was made with, as 3.13; "" when it doesn't say."""
    text = (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"(?m)^version(?:_info)?\s*=\s*(\d+\.\d+)", text)
    return found[1] if found else ""


def sites_of(venv: Path) -> Iterable[Path]:
    """Return the folders of packages of a .venv whose Python cannot be asked."""
    return sorted(venv.glob("lib/python*/site-packages"))
