"""The paths in [tool.slipway]: relative, and where they may lead."""

import posixpath
import re
from collections.abc import Mapping, Sequence

from slipway.core.errors import Problem
from slipway.project import dotenv


def check(context: str, inside: Mapping[str, Sequence[str]], around: Mapping[str, str]) -> None:
    """Refuse paths that are not relative to the project, lead elsewhere, or are named twice; raises Problem.

    Those `inside` lie in the project, by key; those `around` in the project or in the `context`, which may be above it.
    """
    _check_relative("context", context)
    for key, paths in inside.items():
        for path in filter(None, paths):
            _check_relative(key, path)
            if is_above(path):
                raise Problem(f"{_where(key, path)} leads out of the project.")
        if twice := [path for path in paths if paths.count(path) > 1]:
            raise Problem(f"pyproject.toml: [tool.slipway] {key} names {twice[0]!r} twice.")
    for key, path in around.items():
        _check_relative(key, path)
        if is_above(path) and not _is_within(path, context):
            raise Problem(
                f"{_where(key, path)} lies above the project, and outside of context = {context!r}. For a project in a "
                'larger folder, context is the way up to it, like context = ".."'
            )


def check_env_file(name: str) -> None:
    """Refuse a file of settings whose name doesn't tell git and builds to leave it alone; raises Problem."""
    if not dotenv.is_private(name) or not re.fullmatch(r"\.env(\.[A-Za-z0-9_-]+)*", name):
        raise Problem(
            f"{_where('env-file', name)} should be .env, or begin with .env. and lie beside pyproject.toml, like "
            ".env.slipway"
        )


def _check_relative(key: str, path: str) -> None:
    if path.startswith(("/", "~")) or "\\" in path:
        raise Problem(
            f"{_where(key, path)} should be relative to the folder of pyproject.toml, with / between folders."
        )


def is_above(path: str) -> bool:
    """Tell whether a relative path leads out of the folder that it is seen from."""
    return _up(path) > 0


def _is_within(path: str, context: str) -> bool:
    # Both seen from the project; the names of the folders above it are not known, so only ".." can lead there.
    return _up(path) <= _up(context)


def _up(path: str) -> int:
    return posixpath.normpath(path).split("/").count("..")


def _where(key: str, path: str) -> str:
    return f"pyproject.toml: [tool.slipway] {key} = {path!r}"
