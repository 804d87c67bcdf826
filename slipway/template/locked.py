"""The poetry.lock of a service: that of Slipway's own repository without what only Slipway needs.

What Poetry would have written. A file of text is changed, as nothing is installed that could write TOML.
"""

import hashlib
import json
import re
import tomllib
from typing import Any

KEPT = {"main": "main", "service": "dev"}  # the groups that a service has, and what they are called there
START = "[[package]]\n"
GROUPS = re.compile(r"(?m)^groups = \[(.*)\]\n")
MARKERS = re.compile(r"(?m)^markers = (.+)\n")
FILES = re.compile(r"(?ms)^files = \[.*?^\]\n")
HASH = re.compile(r'(?m)^content-hash = ".*"$')
# https://github.com/python-poetry/poetry/blob/2.2.0/src/poetry/packages/locker.py: what a lock file is made of
OF_PROJECT = ("requires-python", "dependencies", "optional-dependencies")
OF_POETRY = ("dependencies", "source", "extras", "dev-dependencies", "group")


def prune(lock: str, pyproject: str) -> str:
    """Return a lock file with the packages of a service's groups alone, for that service's pyproject.toml."""
    body, tail = lock.split("[metadata]\n")
    head, *packages = body.split(START)
    kept = [text for package in packages if (text := _package(package))]
    hashed = HASH.sub(f'content-hash = "{content_hash(pyproject)}"', tail)
    return START.join([head, *kept]) + f"[metadata]\n{hashed}"


def content_hash(pyproject: str) -> str:
    """Return the hash by which Poetry sees whether a lock file is that of a pyproject.toml."""
    document = tomllib.loads(pyproject)
    project, poetry = document.get("project", {}), document.get("tool", {}).get("poetry", {})
    content: dict[str, Any] = {"project": {key: project[key] for key in OF_PROJECT if key in project}}
    if groups := document.get("dependency-groups"):
        content["dependency-groups"] = groups
    content["tool"] = {"poetry": {key: poetry[key] for key in OF_POETRY if key in poetry}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _package(text: str) -> str:
    package = tomllib.loads(text)
    groups = [group for group in package["groups"] if group in KEPT]
    if not groups:
        return ""
    given = package.get("markers", "")
    each = {KEPT[group]: given if isinstance(given, str) else given.get(group, "") for group in groups}
    text = MARKERS.sub("", text, count=1) if given else text
    listed = ", ".join(json.dumps(name) for name in each)
    text = GROUPS.sub(lambda _: f"groups = [{listed}]\n", text, count=1)
    if len(set(each.values())) == 1:
        marker = f"markers = {json.dumps(given)}\n" if (given := next(iter(each.values()))) else ""
        return GROUPS.sub(lambda found: found[0] + marker, text, count=1)
    some = ", ".join(f"{name} = {json.dumps(marker)}" for name, marker in each.items() if marker)
    return FILES.sub(lambda found: f"{found[0]}markers = {{{some}}}\n", text, count=1)
