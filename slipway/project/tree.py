"""What this tree is called: versions and tags from git."""

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell

NEVER = "1970-01-01T00:00:00Z"  # when there is no commit
PARTS = ("major", "minor", "patch")


@dataclass(frozen=True)
class Tree:
    """The state of the working tree.

    `commit` is empty outside git, or before the first commit; `since` counts the commits since the last version tag;
    `previous` is the version released before this one, or empty; `content` is a hash of all files when the tree
    differs from its commit, else empty; `created` is the commit's time (ISO 8601, UTC). In a `shallow` clone, the
    commits and tags before its beginning are not known.
    """

    commit: str
    created: str
    tags: tuple[str, ...]
    since: int
    content: str
    previous: str = ""
    shallow: bool = False

    @property
    def epoch(self) -> int:
        """The commit's time in seconds since 1970 (UTC), for SOURCE_DATE_EPOCH."""
        return int(datetime.fromisoformat(self.created).timestamp())


def image_tag(version: str, tree: Tree) -> str:
    """Return the tag that can mean only this content.

    `X.Y.Z` on a clean commit that is tagged vX.Y.Z; else `X.Y.Z-dev.N-<sha12>`, and a hash of the content when the
    tree is dirty.
    """
    if tree.commit and not tree.content and f"v{version}" in tree.tags:
        return version
    tag = f"{version}-dev.{tree.since}-{tree.commit[:12] or 'nocommit'}"
    return f"{tag}-dirty.{tree.content[:12]}" if tree.content else tag


def raised(version: str, part: str) -> str:
    """Return the version after a release of `part`.

    Raises Problem for a part that is none, or a version that is not X.Y.Z.
    """
    if part not in PARTS:
        raise Problem(f"--part is one of {', '.join(PARTS)}, not {part!r}.")
    numbers, index = parse(version), PARTS.index(part)
    return ".".join(str(number + 1 if i == index else number if i < index else 0) for i, number in enumerate(numbers))


def parse(version: str) -> tuple[int, int, int]:
    """Read X.Y.Z; raises Problem for anything else."""
    numbers = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version, re.ASCII)
    if not numbers:
        raise Problem(f"{version!r} is not X.Y.Z, as in 1.4.0: three numbers, nothing else.")
    major, minor, patch = map(int, numbers.groups())
    return major, minor, patch


def is_version(text: str) -> bool:
    """Tell whether a text is X.Y.Z."""
    try:
        parse(text)
    except Problem:
        return False
    return True


def moving(new: str, known: Iterable[str]) -> list[str]:
    """Return the image tags that move to a release: X.Y, X and latest, each when it is the highest of them.

    `known` are the versions released so far.
    """
    mine = parse(new)
    others = [parse(one) for one in known]
    names = {f"{mine[0]}.{mine[1]}": 2, f"{mine[0]}": 1, "latest": 0}
    return [name for name, n in names.items() if all(mine >= one for one in others if one[:n] == mine[:n])]


def read(root: Path, shell: Shell) -> Tree:
    """Ask git about the tree in `root`."""
    if not shutil.which("git"):
        return Tree("", NEVER, (), 0, digest(root, _walk(root)))
    status, said_of_head, said = shell.probe(["git", "rev-parse", "--is-shallow-repository", "HEAD"])
    if "dubious ownership" in said:
        raise Problem(f"{said.strip()}\nThis folder is another user's, so git says nothing about it (see above).")
    if status:
        return Tree("", NEVER, (), 0, digest(root, _walk(root)))
    shallow, commit = said_of_head.split()
    seconds = shell.output(
        ["git", "show", "--no-patch", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"], env={"TZ": "UTC"}
    )
    tags = shell.output(["git", "tag", "--points-at", "HEAD"]).split()
    describe = ["git", "describe", "--tags", "--long", "--match", "v[0-9]*"]
    described = shell.probe(describe)[1].rsplit("-", 2)
    since = described[1] if described[1:] else shell.output(["git", "rev-list", "--count", "HEAD"])
    dirty = shell.output(["git", "status", "--porcelain", "--untracked-files=normal", "--", "."])
    if tags and not dirty:  # this commit's own tags are not what came before
        described = shell.probe([*describe, *(f"--exclude={tag}" for tag in tags)])[1].rsplit("-", 2)
    content = digest(root, listed(shell)) if dirty else ""
    return Tree(commit, seconds, tuple(tags), int(since), content, described[0].removeprefix("v"), shallow == "true")


def digest(root: Path, names: Iterable[str]) -> str:
    """Hash files by name, executable bit and content (SHA-256)."""
    total = hashlib.sha256()
    for name in sorted(set(names)):
        path = root / name
        if path.is_symlink():
            kind, content = b"l", str(path.readlink()).encode()
        elif path.is_file():
            kind, content = (b"x" if path.stat().st_mode & 0o100 else b"f"), path.read_bytes()
        else:
            continue  # deleted in the working tree
        total.update(b"%s %d %d %s" % (kind, len(name.encode()), len(content), name.encode()) + content)
    return total.hexdigest()


def listed(shell: Shell) -> list[str]:
    """Return the files that git tracks, or would track."""
    names = shell.output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."])
    return [name for name in names.split("\0") if name]


def _walk(root: Path) -> list[str]:
    left_out = {".git", ".venv", ".slipway", "__pycache__"}
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return [
        str(path)
        for path in paths
        if path.name != ".env" and not any(part in left_out or part.endswith("_cache") for part in path.parts)
    ]
