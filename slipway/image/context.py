"""The build context: what .dockerignore lets a build see."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from slipway.project import adopted
from slipway.project.config import Project

IGNORE_FILES = ("Dockerfile.dockerignore", ".dockerignore")  # the first that there is


def context(root: Path) -> Iterator[str]:
    """Yield the files and links that a build of `root` can see, by .dockerignore's rules.

    https://docs.docker.com/build/concepts/context/#dockerignore-files: the last pattern that matches a path, or a
    folder above it, decides.
    """
    ignore_file = next((root / name for name in IGNORE_FILES if (root / name).exists()), None)
    yield from _seen(root, os.fsdecode(ignore_file.read_bytes()).removeprefix("\ufeff") if ignore_file else "")


def of_project(project: Project) -> Iterator[str]:
    """Yield the files and links that the build of a project's image can see, by their paths from its folder.

    They are above it where its image is built from a folder above.
    """
    if not adopted.has_own_image(project):
        yield from context(project.root)
        return
    around = adopted.context(project)
    for path in _seen(around, adopted.ignored(project)):
        yield path if around == project.root else os.path.relpath(around / path, project.root)
    if not project.root.is_relative_to(around):  # what Slipway copies need not lie in a context below the project
        for path in _seen(project.root, adopted.HIDDEN) if project.copy else ():
            beside = not (project.root / path).is_relative_to(around)
            if beside and any(lies_in(path, os.path.normpath(one)) for one in project.copy):
                yield path


def lies_in(path: str, folder: str) -> bool:
    """Tell whether a file of the project is this path, or lies below it; "." is the project's folder."""
    return path == folder or path.startswith(f"{folder}/") or (folder == "." and not path.startswith("../"))


def _seen(root: Path, text: str) -> Iterator[str]:
    rules = list(_rules(text))
    kept = [pattern for pattern, _, keeps in rules if keeps]
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(
            name
            for name in folders
            if not _ignored(path := (here / name).as_posix(), rules)
            or any(pattern.startswith(f"{path}/") or set(pattern) & set("*?[") for pattern in kept)
        )
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = (here / name).as_posix()
            if not _ignored(path, rules):
                yield path


def unseen(path: object) -> str:
    """Say that .dockerignore keeps a file from a build, and which line lets it in."""
    return f".dockerignore does not let {path} into the build: it needs the line !{path}"


def _rules(text: str) -> Iterator[tuple[str, re.Pattern[str], bool]]:
    for line in text.split("\n"):  # no other character ends one
        if line.startswith("#") or not line.strip():
            continue
        pattern = line.strip()
        keeps = pattern.startswith("!")
        pattern = os.path.normpath(pattern.removeprefix("!").strip()).lstrip("/")
        if pattern != ".":
            yield pattern, re.compile(_regex(pattern), re.DOTALL), keeps


def _regex(pattern: str) -> str:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|\\.|.", pattern)
    return "".join(parts.get(p) or (p.replace("[^", "[^/", 1) if len(p) > 2 else re.escape(p[-1])) for p in pieces)


def _ignored(path: str, rules: list[tuple[str, re.Pattern[str], bool]]) -> bool:
    above = path.split("/")
    paths = ["/".join(above[: i + 1]) for i in range(len(above))]
    ignored = False
    for _, regex, keeps in rules:
        if keeps == ignored and any(regex.fullmatch(p) for p in paths):
            ignored = not keeps
    return ignored
