"""A version, written wherever a project's files have it."""

import re
from pathlib import Path

import tomlkit

from slipway.core.errors import Problem

# https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile: the project itself is one of the packages, by where
# it lies. A version that is worked out stands in neither file.
ENTRY = (
    r'(?m)^(\[\[package\]\]\r?\nname = "[^"\n]+"\r?\nversion = ")[^"\n]+'
    r'(?="\r?\nsource = \{{ \w+ = "{place}" \}}\r?$)'
)
LOCK = "uv.lock"


def write(root: Path, top: Path, new: str) -> list[str]:
    """Write a version into a project's files; return those, as seen from its folder `root`.

    They are pyproject.toml, and uv's lock file in that folder or above it, up to `top`: `uv sync --locked` refuses one
    that has another version than pyproject.toml. Raises Problem when there is no version to replace.
    """
    raise_version(root / "pyproject.toml", new)
    names = ["pyproject.toml"]
    for number, folder in enumerate((root, *root.parents)):
        if raise_locked(folder / LOCK, root.relative_to(folder).as_posix(), new):
            names.append("../" * number + LOCK)
            break
        if folder == top:
            break
    return names


def raise_version(pyproject: Path, new: str) -> None:
    """Write a version into pyproject.toml, and that alone.

    Raises Problem when there is none to replace.
    """
    document = tomlkit.parse(pyproject.read_bytes().decode("utf-8"))  # with its own ends of lines
    places = (document.get("project", {}), document.get("tool", {}).get("poetry", {}))
    table = next((one for one in places if "version" in one), None)
    if table is None:
        raise Problem(f"{pyproject} has no version in [project].")
    table["version"] = new
    pyproject.write_bytes(tomlkit.dumps(document).encode("utf-8"))


def raise_locked(lock: Path, place: str, new: str) -> bool:
    """Write the version of the project at `place` into uv's lock file, and that alone; False when it has none."""
    if not lock.is_file():
        return False
    text = lock.read_bytes().decode("utf-8")
    text, count = re.subn(ENTRY.format(place=re.escape(place)), lambda found: found[1] + new, text)
    if count:
        lock.write_bytes(text.encode("utf-8"))
    return bool(count)
