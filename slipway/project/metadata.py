"""What pyproject.toml says of the project itself: in [project], or as Poetry had it before, in [tool.poetry].

Read with the standard library alone: Slipway does so before the service's environment is made.
"""

import re
from collections.abc import Mapping
from typing import Any


def of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a project; what [project] has counts."""
    project, poetry = _table(document, "project"), _table(document, "tool", "poetry")
    python = _table(poetry, "dependencies").get("python")
    before: dict[str, Any] = {name: poetry[name] for name in ("name", "version") if name in poetry}
    before |= {"requires-python": python} if isinstance(python, str) else {}
    return before | project


def source(urls: Mapping[str, str]) -> str:
    """Return where the code is to be found, of the URLs of a project; "" where they don't say."""
    # https://packaging.python.org/en/latest/specifications/well-known-project-urls/
    plain = {re.sub(r"[^a-z]", "", label.lower()): url for label, url in urls.items()}
    return next((plain[label] for label in ("source", "repository", "sourcecode", "github") if label in plain), "")


def _table(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found: Any = document
    for name in names:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return dict(found) if isinstance(found, Mapping) else {}
