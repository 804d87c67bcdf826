"""The lock file of the standard, pylock.toml.

https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from slipway.project.locks import conditions, walk
from slipway.project.locks.package import ARCHIVE, DIRECTORY, FILE, PYPI, STRONG, Content, Package, Unusable, file_name

EXTRAS, GROUPS = "extras", "dependency_groups"  # the variables of its markers


def read(document: Mapping[str, Any], path: Path, project: Path) -> Content:
    """Read a lock file; raises Unusable for a form of it that is not known."""
    version = document["lock-version"]
    if version.partition(".")[0] != "1":
        raise Unusable(f"its lock-version is {version}, which Slipway does not know: it knows 1.0")
    chosen = dict(_choices(document))
    packages: list[Package] = []
    options: dict[str, None] = {}
    source = ""
    for one in document["packages"]:
        markers = dict(_markers(one.get("marker", ""), chosen))
        if os.path.normpath(one.get("directory", {}).get("path", "x")) == ".":
            source = "."
        elif markers:
            packages.append(_package(one, markers))
            options |= dict.fromkeys(_options(one, path))
    return Content(tuple(packages), source, tuple(options))


def _choices(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, frozenset[str]]]]:
    # What is asked for in each group of ours: what is installed unasked is "main", and "dev" for itself.
    groups, extras = document.get("dependency-groups", []), document.get("extras", [])
    defaults = frozenset(document.get("default-groups", [])) - {"dev"}
    yield "main", {GROUPS: defaults, EXTRAS: frozenset()}
    for name in dict.fromkeys([*groups, *extras]):
        yield name, {GROUPS: defaults | ({name} & set(groups)), EXTRAS: frozenset({name} & set(extras))}


def _markers(marker: str, chosen: Mapping[str, Mapping[str, frozenset[str]]]) -> Iterator[tuple[str, str]]:
    condition = conditions.parse(marker)
    left = {group: conditions.settle(condition, partial(_known, asked=asked)) for group, asked in chosen.items()}
    for group, found in left.items():
        if found is not False and (group == "main" or found != left["main"]):
            yield group, conditions.text(found)


def _known(one: conditions.Comparison, asked: Mapping[str, frozenset[str]]) -> bool | None:
    for variable, names in asked.items():
        if conditions.named(one, variable):
            return walk.known(one, variable, names.__contains__)
    return None


def _package(one: Mapping[str, Any], markers: Mapping[str, str]) -> Package:
    about = one["name"], str(one.get("version", "")), markers
    if "directory" in one:
        return Package(*about, {}, os.path.normpath(one["directory"]["path"]), kind=DIRECTORY)
    if "vcs" in one:
        return Package(*about, {}, one["vcs"].get("url") or one["vcs"]["path"], kind="git")
    if "archive" in one:
        return _archive(about, one["archive"])
    files = dict(_hashed(file) for file in _files(one))
    paths = [file["path"] for file in _files(one) if "url" not in file and "path" in file]
    if len(paths) == 1 == len(files):
        return Package(*about, files, os.path.normpath(paths[0]), kind=FILE)
    index = str(one.get("index", "")).rstrip("/")
    return Package(*about, files, index="" if index == PYPI else index)


def _archive(about: tuple[str, str, Mapping[str, str]], archive: Mapping[str, Any]) -> Package:
    files = dict([_hashed(archive)])
    if "path" in archive:
        return Package(*about, files, os.path.normpath(archive["path"]), kind=FILE)
    return Package(*about, files, archive["url"], kind=ARCHIVE)


def _files(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*one.get("wheels", ()), *([one["sdist"]] if "sdist" in one else ())]


def _hashed(file: Mapping[str, Any]) -> tuple[str, str]:
    hashes = {f"{algorithm}:{digest}": digest for algorithm, digest in file["hashes"].items()}
    strong = next((one for begin in STRONG for one in hashes if one.startswith(begin)), "")
    return str(file.get("name") or file_name(file.get("url") or file["path"])), strong or next(iter(hashes))


def _options(one: Mapping[str, Any], path: Path) -> Iterator[str]:
    index = str(one.get("index", PYPI)).rstrip("/")
    if index != PYPI:
        yield f"--extra-index-url {index}"
    paths = {file["path"] for file in _files(one) if "url" not in file and "path" in file}
    if len(paths) > 1:
        yield from (f"--find-links {os.path.normpath(path.parent / folder)}" for folder in _folders(paths))


def _folders(paths: Iterable[str]) -> list[str]:
    return sorted({os.path.dirname(one) for one in paths})  # noqa: PTH120
