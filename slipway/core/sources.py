"""Where a setting comes from: .env, the environment, which counts before it, or a program."""

import os
import re
from collections.abc import Mapping

FILE = ".env"  # unless [tool.slipway] env-file says otherwise
OUTSIDE: dict[str, str] = {}  # where variables come from that neither has, by name: [tool.slipway.secrets-from] says it


def outside(found: Mapping[str, str]) -> None:
    """Let messages name where these variables come from, and no others."""
    OUTSIDE.clear()
    OUTSIDE.update(found)


def source(name: str, environ: Mapping[str, str] = os.environ, file: str = FILE) -> str:
    """Name where a variable comes from."""
    return "the environment" if name in environ else OUTSIDE.get(name, file)


def placed(*names: str, environ: Mapping[str, str] = os.environ) -> str:
    """Name variables with where each comes from: A and B in .env, or A in .env and B in the environment."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(source(name, environ), []).append(name)
    return " and ".join(f"{' and '.join(each)} in {where}" for where, each in groups.items())


def in_file(text: str, file: str) -> str:
    """Let a message name the file of the settings, where that is another one than .env.

    Messages say .env: most are written where nobody knows of which project they will be.
    """
    return text if file == FILE else re.sub(r"(?<![\w./*\"'-])\.env(?![\w*-]|\.[\w*])", lambda _: file, text)
