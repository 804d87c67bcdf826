"""What has changed for users between two versions, as the changelog says."""

import re

from slipway.project.minimum import order

HEADING = re.compile(r"^## +\[?v?(?P<version>[0-9][^\s\])]*)")


def between(changelog: str, old: str, new: str) -> str:
    """Return the sections of the versions after `old`, up to `new`; "" when it has none of them."""
    found: list[str] = []
    within = False
    for line in changelog.splitlines():
        if line.startswith("## "):
            named = HEADING.match(line)
            within = bool(named and _is_between(named["version"], old, new))
        if within:
            found.append(line)
    return "\n".join(found).strip()


def _is_between(version: str, old: str, new: str) -> bool:
    try:
        return order(old) < order(version) <= order(new)
    except ValueError:  # a heading that is none of a version
        return False
