"""Poetry's lock file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slipway.project.locks.package import INDEX, Content, Package, Unusable


def read(document: Mapping[str, Any], project: Path) -> Content:
    """Read a lock file; raises Unusable for a form of it that is not known."""
    # https://github.com/python-poetry/poetry-core: a marker for all groups, or a table of those that have one. Whether
    # a package is "optional" says nothing: its marker names the extra.
    version = document["metadata"]["lock-version"]
    if not re.fullmatch(r"2\.[1-9]\d*", version):
        raise Unusable(f"its lock-version is {version}: poetry lock with Poetry 2 makes 2.1")
    return Content(tuple(map(_package, document["package"])))


def _package(one: Mapping[str, Any]) -> Package:
    given = one.get("markers", "")
    markers = dict.fromkeys(one["groups"], given) if isinstance(given, str) else _each(one["groups"], given)
    source = one.get("source", {})
    kind = source.get("type", INDEX)
    origin = "" if kind == INDEX else source["url"]
    files = {file["file"]: file["hash"] for file in one["files"]}
    return Package(one["name"], one["version"], markers, files, origin, "" if origin else source.get("url", ""), kind)


def _each(groups: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    return {group: given.get(group, "") for group in groups}
