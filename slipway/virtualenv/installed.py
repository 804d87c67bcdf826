"""The Pythons that pyenv and uv have installed, which need not be on PATH."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

# The folders of releases of CPython as it is usually built: others have more in their names, as 3.13.1t has. Where they
# lie: https://github.com/pyenv/pyenv#environment-variables, https://docs.astral.sh/uv/reference/storage/#python-versions
OF_PYENV, OF_UV = re.compile(r"(\d+)\.(\d+)\.(\d+)"), re.compile(r"cpython-(\d+)\.(\d+)\.(\d+)-[^+]+")

Version = tuple[int, ...]


def pythons(environ: Mapping[str, str]) -> dict[Version, Path]:
    """Return each by its version, the newest first."""
    found = {version: path for version, path in reversed([*_all(environ)]) if os.access(path, os.X_OK)}
    return dict(sorted(found.items(), reverse=True))


def _all(environ: Mapping[str, str]) -> Iterator[tuple[Version, Path]]:
    home = environ.get("HOME", "")
    pyenv = environ.get("PYENV_ROOT") or (f"{home}/.pyenv" if home else "")
    data = environ.get("XDG_DATA_HOME") or (f"{home}/.local/share" if home else "")
    uv = environ.get("UV_PYTHON_INSTALL_DIR") or (f"{data}/uv/python" if data else "")
    for folder, named in ((f"{pyenv}/versions" if pyenv else "", OF_PYENV), (uv, OF_UV)):
        for name in _names(folder) if folder else ():
            if match := named.fullmatch(name):
                yield tuple(map(int, match.groups())), Path(folder, name, "bin/python3")


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
