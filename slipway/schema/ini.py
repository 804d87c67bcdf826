"""An alembic.ini: the folder in which Alembic is run with it, and where its revisions lie.

It is read without Alembic, which Slipway's own environment need not have. https://alembic.sqlalchemy.org/en/latest/tutorial.html
"""

import os
import re
from configparser import ConfigParser, Error
from pathlib import Path

SECTION = "alembic"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}


class Unfit(Exception):
    """An .ini that cannot be read; says so in a sentence."""


def option(ini: Path, name: str) -> str:
    """Return a setting, "" where there is none; raises Unfit."""
    parser = ConfigParser({"here": ini.absolute().parent.as_posix().replace("%", "%%")})
    try:
        parser.read_string(ini.read_text(encoding="utf-8"))
        return parser.get(SECTION, name, fallback="")
    except OSError as error:
        raise Unfit(f"{ini} cannot be read: {error.strerror}") from None
    except (Error, UnicodeDecodeError) as error:
        raise Unfit(f"{ini} cannot be read: {' '.join(str(error).split())}") from None


def scripts(ini: Path, root: Path) -> tuple[Path, Path]:
    """Return the folder in which Alembic is run, and the one of env.py; raises Unfit.

    Relative paths are seen from where Alembic is run. That is the folder of the .ini, or the project's `root` if env.py
    is found from there alone.
    """
    location = option(ini, "script_location")
    if not location:
        raise Unfit(f"{ini} has no script_location")
    if ":" in location and not Path(location).is_absolute():  # of a package
        package, *below = location.split(":")
        location = "/".join([package.replace(".", "/"), *below])
    found = [(folder, folder / location) for folder in (ini.parent, root) if (folder / location / "env.py").is_file()]
    if not found:
        raise Unfit(f"{ini} has script_location = {location}, where there is no env.py")
    return found[0]


def versions(ini: Path, root: Path) -> list[Path]:
    """Return the folders of the revisions; raises Unfit."""
    run_in, folder = scripts(ini, root)
    listed = option(ini, "version_locations")
    named = _SEPARATORS.get(option(ini, "path_separator") or option(ini, "version_path_separator"))
    parts = listed.split(named) if named else re.split(r", *|\s+", listed)
    folders = [run_in / part.strip() for part in parts if part.strip()] or [folder / "versions"]
    if option(ini, "recursive_version_locations").lower() not in ("1", "yes", "true", "on"):
        return folders
    return [one for top in folders for one in (top, *(below for below in sorted(top.rglob("*")) if below.is_dir()))]
