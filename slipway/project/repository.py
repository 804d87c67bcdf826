"""What of an image's name comes before its own: a registry, or a team there.

https://github.com/distribution/reference
"""

import re

PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?|(?:[A-Za-z0-9-]+|\[[0-9A-Fa-f:]+\]):\d+)"
FIT = re.compile(rf"(?:(?:{HOST}|{PART})(?:/{PART})*)?")


def unfit(registry: str) -> str:
    """Return what is wrong with a registry, and what to write instead; "" when it can be in an image's name."""
    if FIT.fullmatch(registry):
        return ""
    plain = re.sub(r"^\w+://|/+$", "", registry).lower()
    instead = f"write {plain!r}" if FIT.fullmatch(plain) else "HOST, HOST:PORT or HOST/TEAM"
    return f"cannot be in an image's name, which is lower-case, and no URL: {instead}."
