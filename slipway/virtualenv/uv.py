"""uv, which installs in a tenth of pip's time: the one on PATH, or the one that slipway.lock pins."""

import contextlib
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from slipway.project.lockfile import Lockfile, Unusable
from slipway.virtualenv.configuration import Given
from slipway.virtualenv.venv import OWN_LOCK

GROUP = "installer"  # of slipway.lock: uv alone
SLOW = 300  # seconds; a uv that takes longer to fetch (20 MB) saves no time
OLDEST = (0, 5)  # that knows all options below


def on_path() -> Path | None:
    """Return the uv on PATH, if it is one that can be used."""
    found = shutil.which("uv")
    if not found:
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=5)
        version = re.match(r"uv (\d+)\.(\d+)", done.stdout)
        if version and tuple(map(int, version.groups())) >= OLDEST:
            return Path(found)
    return None


def pinned(root: Path) -> list[str]:
    """Return the line of pip's list that names the uv which slipway.lock pins, none where it has no such group."""
    try:
        return Lockfile.at(root / OWN_LOCK).requirements(GROUP)
    except (Unusable, OSError):
        return []


def fetch_arguments(listing: Path, folder: Path) -> list[str]:
    """Return the arguments by which pip downloads the wheel of uv, checked by its hash."""
    exactly = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(listing)]
    return ["--disable-pip-version-check", "download", "--quiet", "--dest", str(folder), *exactly]


def unpack(folder: Path) -> Path:
    """Return the program of a wheel of uv that lies in a folder."""
    wheel = next(folder.glob("uv-*.whl"))
    program = folder / "uv"
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        with archive.open(name) as packed, program.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    program.chmod(0o755)
    return program


def cache(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that lets uv do without a cache, where this user has no home in which it could be."""
    named = environ.get("UV_CACHE_DIR") or environ.get("XDG_CACHE_HOME")
    home = environ.get("HOME", "")
    return {} if named or (home and os.access(home, os.W_OK)) else {"UV_NO_CACHE": "1"}


def install_command(uv: Path, python: Path, listing: Path, given: Given) -> list[str]:
    """Return the command that installs what a file lists, each file checked by its hash.

    All indexes are asked, as pip does. Files are copied: one that is changed in .venv must not change in uv's cache,
    of which the next .venv is made without checking any hash again.
    """
    exactly = ["--no-deps", "--require-hashes", "--index-strategy", "unsafe-best-match", "--link-mode", "copy"]
    alone = ["--no-config", "--no-progress", "--no-python-downloads", "--color", "never"]
    return [
        str(uv),
        "pip",
        "install",
        "--python",
        str(python),
        *alone,
        *exactly,
        *given.options,
        "--requirement",
        str(listing),
    ]
