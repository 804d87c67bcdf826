"""Where a setting comes from: .env, or the environment, which counts before it."""

import os
from collections.abc import Mapping

FILE = ".env"


def source(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Name where a variable comes from."""
    return "the environment" if name in environ else FILE


def placed(*names: str, environ: Mapping[str, str] = os.environ) -> str:
    """Name variables with where each comes from: A and B in .env, or A in .env and B in the environment."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(source(name, environ), []).append(name)
    return " and ".join(f"{' and '.join(each)} in {where}" for where, each in groups.items())
