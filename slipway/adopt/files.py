"""The files of a project: read whatever is in them, and nothing of it run.

Names are as seen from the project's folder: `src/app/main.py`, and `../compose.yml` in the repository around it.
"""

import ast
import os
import tomllib
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

SKIPPED = frozenset((
    ".git", ".hg", ".venv", "venv", "env", "node_modules", "__pycache__", ".slipway", ".tox", ".nox", "site-packages",
    "dist", "htmlcov", ".idea", ".vscode", ".agents", ".claude", ".eggs", "__pypackages__", "bower_components",
))  # fmt: skip
# What is about the project, and is not what production runs.
BESIDE = frozenset(
    ("tests", "test", "testing", "docs", "doc", "docs_src", "examples", "example", "bench", "benchmarks")
)
PYPROJECT = "pyproject.toml"
MOST_FILES, MOST_BYTES, DEEPEST = 20_000, 1_000_000, 12


class Files:
    """The files of a project in the folder `project`, which may be in a repository that begins at `top`."""

    def __init__(self, project: Path, top: Path | None = None) -> None:
        self.project = Path(os.path.abspath(project))  # noqa: PTH100  (links stay)
        above = Path(os.path.abspath(top)) if top else self.project  # noqa: PTH100
        self.top = above if self.project.is_relative_to(above) else self.project
        self.unread: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._trees: dict[str, ast.Module | None] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The files, those of the project first, each by its depth and name."""
        found: set[str] = set()
        for top in (self.project, self.top):  # of a large repository around it, as much as there is room for
            for path in _walk(top):
                if len(found) >= MOST_FILES:
                    self.unread["."] = f"there are more than {MOST_FILES} files: the rest was not looked at"
                    break
                found.add(Path(os.path.relpath(path, self.project)).as_posix())
        return tuple(sorted(found, key=lambda name: (name.startswith(".."), name.count("/"), name)))

    @cached_property
    def inside(self) -> tuple[str, ...]:
        """Those of the project's own folder."""
        return tuple(name for name in self.names if not name.startswith(".."))

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The modules that production may run: no tests, no documentation."""
        return tuple(
            name
            for name in self.inside
            if name.endswith(".py") and not BESIDE & set(name.split("/")) and not _is_test(name.rpartition("/")[2])
        )

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return name in self._known

    def relative(self, name: str | PurePosixPath) -> str:
        """Return a path without detours, as seen from the project: `../backend/Dockerfile` may be its own."""
        return Path(os.path.relpath(self.project / name, self.project)).as_posix()

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def called(self, *patterns: str) -> list[str]:
        """Return the files whose own name is like one of these, as a shell matches it."""
        return [name for name in self.names if any(Path(name).match(pattern) for pattern in patterns)]

    def text(self, name: str) -> str:
        """Return what a file says, "" for one that cannot be read; line ends are \\n."""
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def _read(self, name: str) -> str:
        path = self.project / name
        try:
            if path.stat().st_size > MOST_BYTES and not name.endswith(".lock"):
                self.unread[name] = f"it has more than {MOST_BYTES} bytes"
                return ""
            content = path.read_bytes()
        except OSError as error:
            if self.has(name):
                self.unread[name] = str(error.strerror)
            return ""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.unread[name] = "it is not UTF-8"
            text = content.decode("latin-1")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def tree(self, name: str) -> ast.Module | None:
        """Return a module parsed, None for one that Python cannot parse."""
        if name not in self._trees:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about their escapes
                    self._trees[name] = ast.parse(self.text(name))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.unread[name] = "it is not Python as this Python reads it"
                self._trees[name] = None
        return self._trees[name]

    def toml(self, name: str) -> dict[str, Any]:
        """Return a TOML file's tables, none for one that cannot be read."""
        try:
            return tomllib.loads(self.text(name))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            self.unread[name] = "it is not TOML"
            return {}

    def pyproject(self, *path: str) -> dict[str, Any]:
        """Return pyproject.toml, or a table inside it: an empty one where there is none."""
        return table(self._pyproject, *path)

    @cached_property
    def _pyproject(self) -> dict[str, Any]:
        return self.toml(PYPROJECT) if self.has(PYPROJECT) else {}

    def module(self, dotted: str) -> str:
        """Return the file of a module, as seen from whichever folder has it nearest; "" for none."""
        part = dotted.replace(".", "/")
        ends = (f"{part}.py", f"{part}/__init__.py")
        return next((name for name in self.code if any(f"/{name}".endswith(f"/{end}") for end in ends)), "")


def _is_test(name: str) -> bool:
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")


def _walk(top: Path, depth: int = 0) -> Iterator[str]:
    # A link is not followed: it may lead back, or out.
    try:
        with os.scandir(top) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    if depth and any(entry.name == "pyvenv.cfg" for entry in found):
        return
    yield from (entry.path for entry in found if _is_kind(entry, files=True))
    for entry in found:
        if depth < DEEPEST and entry.name not in SKIPPED and _is_kind(entry, files=False):
            yield from _walk(Path(entry.path), depth + 1)


def _is_kind(entry: "os.DirEntry[str]", files: bool) -> bool:
    try:
        return entry.is_file(follow_symlinks=False) if files else entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def table(document: Any, *path: str) -> dict[str, Any]:
    """Return a table inside another, an empty one where there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def strings(value: Any) -> list[str]:
    """Return the texts of a list, or of a text with spaces between; none of anything else."""
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
