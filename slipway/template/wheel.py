"""The wheel that a project has Slipway from: which one this is, and the line of slipway.lock that names it."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slipway import __version__
from slipway.core import pip
from slipway.template import own

FOLDER = "vendor"  # of a project
FILE = re.compile(r"slipway_tasks-([^-]+)-py3-none-any\.whl")
MADE = "pip wheel --no-deps ./slipway"
LIMIT = 120  # seconds that pip may take


class Refused(Exception):
    """Nothing was written, for the reason that this says, with what to do."""


def chosen(named: str | None, again: Sequence[str]) -> Path | None:
    """Return the wheel that a project gets: this Slipway's, None where it comes from elsewhere.

    Another one that is named takes this process's place, with the words `again`: it has a template of its own. Raises
    Refused for what is none.
    """
    mine = running()
    if not named:
        return mine
    wanted = Path(named)
    if wrong := unfit(wanted):
        raise Refused(f"--wheel: {wrong}.")
    if not mine or wanted.resolve() != mine:
        os.execv(sys.executable, [sys.executable, f"{wanted.resolve()}/slipway", *again])  # noqa: S606
    return mine


def need_one(mine: Path | None) -> None:
    """Raise Refused where this Slipway lies in its own repository: a project cannot have it from there."""
    if not mine and in_repository():
        raise Refused(f"this Slipway lies in its own repository: {MADE}; then name that: --wheel FILE")


def lock(words: Sequence[str], mine: Path | None) -> dict[str, bytes]:
    """Return slipway.lock for what `slipway` makes by these words, and the wheel that it names; None is pip's index.

    Raises Refused when no index has this version.
    """
    if mine:
        content = mine.read_bytes()
        text = own.text(line(content, mine.name), own.shipped(), words)
        return {own.NAME: text.encode(), f"{FOLDER}/{mine.name}": content}
    try:
        return {own.NAME: own.text(line_of_index(), own.shipped(), words).encode()}
    except LookupError as error:
        raise Refused(
            f"pip's index was asked for this Slipway, to note its hash: {error}\n"
            f"Where no index has it, name its wheel: slipway {shlex.join(words)} --wheel FILE"
        ) from None


def unfit(wheel: Path) -> str:
    """Return why a file is no wheel of Slipway's, "" when it is one."""
    if not wheel.is_file():
        return f"there is no file {wheel}"
    if not FILE.fullmatch(wheel.name):
        return f"{wheel.name} is not called slipway_tasks-VERSION-py3-none-any.whl"
    try:
        with zipfile.ZipFile(wheel) as opened:
            names = set(opened.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        return f"{wheel} cannot be read ({error})"
    return "" if "slipway/__main__.py" in names else f"{wheel} has no slipway in it"


def running() -> Path | None:
    """Return the wheel that this Slipway is, or was installed from if that is still there; None when it is none."""
    inside = resources.files("slipway")
    if not isinstance(inside, Path):  # it runs out of a file
        return Path(str(inside)).parent.resolve()
    try:
        said = json.loads(metadata.distribution(own.DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    wheel = Path(unquote(urlsplit(said.get("url", "")).path))
    named = FILE.fullmatch(wheel.name)
    return wheel if named and named[1] == __version__ and not unfit(wheel) else None


def in_repository() -> bool:
    """Tell whether this Slipway lies in its own repository, with no wheel of it."""
    inside = resources.files("slipway")
    return isinstance(inside, Path) and (inside / "pyproject.toml").is_file()


def line(content: bytes, name: str) -> str:
    """Return the line of slipway.lock for a wheel in a project's folder, by what is in it."""
    return f"./{FOLDER}/{name} --hash=sha256:{hashlib.sha256(content).hexdigest()}"


def line_of_index() -> str:
    """Return the line of slipway.lock for this version on pip's index; raises LookupError, with what pip said."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        wanted = f"{own.DISTRIBUTION}=={__version__}"
        download = ["--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest", folder]
        command = [*pip.command(), *download, "--only-binary", ":all:", wanted]
        try:
            asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise LookupError(f"it said nothing within {LIMIT} s") from None
        found = next(Path(folder).glob("*.whl"), None)
        if asked.returncode or not found:
            raise LookupError(asked.stderr.strip())
        return f"{wanted} --hash=sha256:{hashlib.sha256(found.read_bytes()).hexdigest()}"
