"""How packages get into .venv, and out of it."""

import ensurepip
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from slipway.virtualenv import packages

NO_VENV = "Python's venv module does not work; on Debian and Ubuntu: sudo apt install python3-venv"
NO_PIP = "see pip's message above (pip's own configuration names a proxy or a mirror), then run ./inv again"


class Failed(Exception):
    """A program that failed, having printed why: what to do."""


def base() -> str:
    """Return the Python that this one's own environment was made with, if it has one: it outlives that."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def clear(venv: Path) -> None:
    """Empty a virtual environment; one that is half empty is still known as one."""
    order = sorted(venv.iterdir(), key=lambda one: (one.name == "pyvenv.cfg", one.name != "bin"))
    for one in order:
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


def create(venv: Path) -> None:
    """Make a virtual environment without pip; raises Failed."""
    run([base(), "-m", "venv", "--without-pip", str(venv)], NO_VENV)


def give_pip(python: Path) -> None:
    """Install the pip that came with Python; raises Failed."""
    run([str(python), "-m", "ensurepip", "--default-pip"], NO_VENV)


def bundled_pip() -> Path | None:
    """Return the wheel of pip that came with Python: pip runs from it as it is, which saves installing it."""
    folders = (Path(ensurepip.__file__).parent / "_bundled", sysconfig.get_config_var("WHEEL_PKG_DIR"))
    found = (wheel for folder in folders if folder for wheel in Path(folder).glob("pip-*.whl"))
    return next(found, None)


def pip_command(python: Path, sites: Iterable[Path], *arguments: str) -> list[str]:
    """Return a command of .venv's pip, or of the one that came with Python; raises Failed when there is neither."""
    pip = ["-m", "pip"]
    if not packages.has_pip(sites):
        if not (wheel := bundled_pip()):
            raise Failed(NO_VENV)
        pip = [str(wheel / "pip")]
    return [str(python), *pip, "--disable-pip-version-check", *arguments]


def install(python: Path, sites: Iterable[Path], lines: Sequence[str]) -> None:
    """Install what these lines list, each file checked by its hash; raises Failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(lines))
        listing.flush()
        exactly = ["--quiet", "--no-compile", "--no-deps", "--require-hashes", "--requirement", listing.name]
        run(pip_command(python, sites, "install", *exactly), NO_PIP)


def remove(python: Path, sites: Iterable[Path], names: Iterable[str]) -> None:
    """Remove packages; raises Failed."""
    run(pip_command(python, sites, "uninstall", "--quiet", "--yes", *names), NO_PIP)


def compile_all(python: Path, venv: Path) -> None:
    """Compile bytecode on every core; some packages carry files that are no Python."""
    run([str(python), "-m", "compileall", "-q", "-j", "0", str(venv / "lib")], None)


def run(argv: list[str], advice: str | None) -> None:
    """Run a program; raises Failed with the advice, if there is any, once what it printed is shown."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode and advice:
        sys.stderr.write(done.stdout)
        raise Failed(advice)
