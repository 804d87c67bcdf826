"""The build context: what .dockerignore lets a build see."""

import os
import re
from collections.abc import Iterator
from pathlib import Path


def context(root: Path) -> Iterator[str]:
    """Yield the files that a build of `root` can see, by .dockerignore's rules.

    https://docs.docker.com/build/concepts/context/#dockerignore-files: the last pattern that matches a path, or a
    folder above it, decides.
    """
    ignore_file = root / ".dockerignore"
    rules = list(_rules(ignore_file.read_text())) if ignore_file.exists() else []
    kept = [pattern for pattern, _, keeps in rules if keeps]
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(
            name
            for name in folders
            if not _ignored(path := (here / name).as_posix(), rules)
            or any(pattern.startswith(f"{path}/") or set(pattern) & set("*?[") for pattern in kept)
        )
        for name in sorted(files):
            path = (here / name).as_posix()
            if not _ignored(path, rules):
                yield path


def _rules(text: str) -> Iterator[tuple[str, re.Pattern[str], bool]]:
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        pattern = line.strip()
        keeps = pattern.startswith("!")
        pattern = os.path.normpath(pattern.removeprefix("!").strip()).lstrip("/")
        if pattern != ".":
            yield pattern, re.compile(_regex(pattern)), keeps


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
