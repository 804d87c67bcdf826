"""Lock files that lie beside another one, each with a group of the project: requirements-dev.txt, pylock.dev.toml."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from slipway.project.locks.package import Content, Package, canonical

# Of a lock file: which others are groups, and which groups.
GROUPS = {
    "requirements.txt": re.compile(r"requirements[-_.](?P<one>.+)\.txt|(?P<two>.+)[-_.]requirements\.txt"),
    "pylock.toml": re.compile(r"pylock\.(?P<one>[^.]+)\.toml"),
}


def read(path: Path, reader: Callable[[Path], Content]) -> Content:
    """Read a file, and those beside it; a group whose file cannot be used is broken, which concerns no other."""
    found = reader(path)
    packages, options, broken = list(found.packages), list(found.options), {}
    for group, other in groups(path):
        try:
            theirs = reader(other)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError) as error:
            broken[group] = str(error) if str(error).startswith(other.name) else f"{other.name}: {error}"
            continue
        options += theirs.options
        packages += (
            replace(one, markers={group: one.markers["main"]}) for one in theirs.packages if "main" in one.markers
        )
    return Content(merged(packages), found.source, tuple(dict.fromkeys(options)), broken)


def groups(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the groups that have a file beside this one."""
    form = GROUPS.get(path.name)
    for other in sorted(path.parent.iterdir()) if form else []:
        if form and other != path and (found := form.fullmatch(other.name)):
            yield canonical(next(filter(None, found.groups()))), other


def merged(packages: Iterable[Package]) -> tuple[Package, ...]:
    """Return packages without doubles: one that is listed twice is installed under either condition."""
    found: dict[tuple[str, str, str], Package] = {}
    for one in packages:
        key = (canonical(one.name), one.version, one.origin)
        other = found.get(key)
        if not other:
            found[key] = one
            continue
        markers = dict(other.markers)
        for group, marker in one.markers.items():
            markers[group] = _either(markers.get(group, marker), marker)
        found[key] = replace(other, markers=markers, files={**other.files, **one.files})
    return tuple(found.values())


def _either(one: str, other: str) -> str:
    if one == other:
        return one
    return f"({one}) or ({other})" if one and other else ""
