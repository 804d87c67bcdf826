"""Which lock file a project has."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from slipway.project.locks.package import Unusable

PIP = "requirements.txt"
ORDER = ("poetry.lock", "uv.lock", "pylock.toml", PIP)
HASHES = "`uv pip compile --generate-hashes` or `pip-compile --generate-hashes`"
# Kinds that are not read, and how their program says the same in one that is.
OTHERS = {
    "pdm.lock": f"pdm export --output {PIP}",
    "Pipfile.lock": f"pipenv requirements --hash > {PIP}",
}
KEY = "[tool.slipway] lock"


def find(root: Path, named: str = "") -> Path:
    """Return the lock file of a project: the one that it names, or the only one.

    That of a uv workspace lies above its members. Raises Unusable when it is not there, when there are more, or when
    nothing has hashes; FileNotFoundError when there is none.
    """
    if named:
        if not (root / named).is_file():
            raise Unusable(f"{KEY} names {named}, which is not there")
        return root / named
    found = [root / name for name in ORDER if (root / name).is_file() and (name != PIP or _has_hashes(root / name))]
    found += [] if any(one.name == "pylock.toml" for one in found) else sorted(root.glob("pylock.*.toml"))
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise Unusable(
            f'this project has {names}: name the one that counts in pyproject.toml: {KEY} = "{found[0].name}"'
        )
    if found or (found := list(_of_workspace(root))):
        return found[0]
    if (root / PIP).is_file():
        raise Unusable(f"{PIP} has no hashes, so nothing checks what is installed: make it with {HASHES}")
    for name, command in OTHERS.items():
        if (root / name).is_file():
            raise Unusable(f"{name} is of a kind that Slipway does not read: {command}")
    raise FileNotFoundError(f"{root} has no lock file ({', '.join(ORDER)} with hashes): make one with `uv lock`")


def _has_hashes(path: Path) -> bool:
    # One that only includes others may have them there.
    return bool(re.search(r"(?m)--hash[=\s]|^\s*(-r|--requirement)\b", path.read_text("utf-8-sig", errors="replace")))


def _of_workspace(root: Path) -> Iterator[Path]:
    for above in root.resolve().parents:
        lock, about = above / "uv.lock", above / "pyproject.toml"
        if lock.is_file() and about.is_file() and _is_member(root.resolve(), lock, about):
            yield lock
            return


def _is_member(root: Path, lock: Path, about: Path) -> bool:
    try:
        workspace = tomllib.loads(about.read_text(encoding="utf-8"))["tool"]["uv"]["workspace"]
        place = re.escape(root.relative_to(lock.parent).as_posix())
        text = lock.read_text(encoding="utf-8")
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return bool(workspace) and bool(re.search(rf'(?m)^source = {{ (editable|virtual|directory) = "{place}" }}$', text))
