"""The working tree: what git says of it, and what is in it."""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.project import dotenv, owner
from slipway.project.semver import PREFIX, git_tag, version_of

NO_GIT = "git is not installed. Install it"
NO_REPOSITORY = "not a git repository (or any"  # git's words, in English; another text is about one that is broken
NEVER = "1970-01-01T00:00:00Z"  # when there is no commit


@dataclass(frozen=True)
class Tree:
    """The state of the working tree.

    `commit` is empty outside git, or before the first commit; `since` counts the commits since the last version tag;
    `last` is the version of the last tag before this one, and `previous` the same where that is a release of Slipway's,
    or empty: tags from before a project was adopted are of none; `content` is a hash of all files when the tree
    differs from its commit, else empty; `created` is the commit's time (ISO 8601, UTC). In a `shallow` clone, the
    commits and tags before its beginning are not known; in one `without_tags`, which was told to fetch none, no version
    is. `uncommitted` says why there is no commit.
    """

    commit: str
    created: str
    tags: tuple[str, ...]
    since: int
    content: str
    previous: str = ""
    shallow: bool = False
    without_tags: bool = False
    uncommitted: str = ""
    last: str = ""

    @property
    def nameless(self) -> str:
        """Say why its version names no commit, and what to do; "" where it names one."""
        return f"the version names no commit: {self.uncommitted}" if self.uncommitted else ""

    @property
    def miscounts(self) -> str:
        """Say why its version may be another one than elsewhere, and what to do; "" where it is the same."""
        if self.uncommitted:
            return self.nameless
        if any(version_of(tag) for tag in self.tags):  # it counts from here
            return ""
        if self.shallow:
            return "this clone is shallow: its version counts from where it begins. git fetch --unshallow --tags"
        if self.without_tags:
            return "this clone fetches no tags: its version counts from the first commit. git fetch --tags"
        return ""

    @property
    def epoch(self) -> int:
        """The commit's time in seconds since 1970 (UTC), for SOURCE_DATE_EPOCH."""
        return int(datetime.fromisoformat(self.created).timestamp())


def read(root: Path, shell: Shell, around: str = ".") -> Tree:
    """Ask git about the tree in `root`, and in the folder `around` it from which its image is built."""
    if not shutil.which("git"):
        return Tree("", NEVER, (), 0, digest(root, _walk(root)), uncommitted=NO_GIT)
    head = ["git", "rev-parse", "--is-shallow-repository", "HEAD"]
    status, said_of_head, said = shell.probe(head, env={"LC_ALL": "C"})
    if owner.REFUSES in said:
        raise Problem(f"{said.strip()}\nThis folder is another user's, so git says nothing about it (see above).")
    if status:
        return Tree("", NEVER, (), 0, digest(root, _walk(root)), uncommitted=_uncommitted(said_of_head, said))
    shallow, commit = said_of_head.split()
    seconds = shell.output(
        ["git", "show", "--no-patch", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"], env={"TZ": "UTC"}
    )
    tags = shell.output(["git", "tag", "--points-at", "HEAD"]).split()
    describe = ["git", "describe", "--tags", "--long", "--match", git_tag("[0-9]*")]
    described = shell.probe(describe)[1].rsplit("-", 2)
    found = bool(described[1:])
    since = described[1] if found else shell.output(["git", "rev-list", "--count", "HEAD"])
    dirty = shell.output(["git", "status", "--porcelain", "--untracked-files=normal", "--", ".", around])
    if tags and not dirty:  # this commit's own tags are not what came before
        described = shell.probe([*describe, *(f"--exclude={tag}" for tag in tags)])[1].rsplit("-", 2)
    content = digest(root, listed(shell, around)) if dirty else ""
    last, without = described[0].removeprefix(PREFIX), not found and not shell.probe(no_tags_command())[0]
    previous = last if last and _is_ours(shell, described[0]) else ""
    return Tree(commit, seconds, tuple(tags), int(since), content, previous, shallow == "true", without, last=last)


def _is_ours(shell: Shell, tag: str) -> bool:
    # Whether [tool.slipway] was there; so it is taken where the project lay in another folder, and nobody can tell.
    table = ["git", "grep", "--quiet", "--extended-regexp", r"^[[:space:]]*\[tool\.slipway[].]", tag]
    if shell.probe([*table, "--", "pyproject.toml"])[0] != 1:
        return True
    return bool(shell.probe(["git", "cat-file", "-e", f"{tag}:./"])[0])


def _uncommitted(printed: str, said: str) -> str:
    # Why git knows no commit: of a repository, it has said before that it knows none whether it is shallow.
    if printed:
        return "nothing is committed yet. git add . && git commit"
    if NO_REPOSITORY in said:
        return "this folder is in no git repository. git init && git add . && git commit"
    return f"git does not read this folder ({next(reversed(said.strip().splitlines()), 'it said nothing')})"


def no_tags_command() -> list[str]:
    """Return the command whose status is 0 when a remote's tags are not fetched, as after `git clone --no-tags`."""
    return ["git", "config", "--get-regexp", r"^remote\..*\.tagopt$", "^--no-tags$"]


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


def listed(shell: Shell, around: str = ".") -> list[str]:
    """Return the files that git tracks, or would track, here and in the folder `around`."""
    names = shell.output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", around])
    return [name for name in names.split("\0") if name]


def _walk(root: Path) -> list[str]:
    left_out = {".git", ".venv", ".slipway", "__pycache__"}
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return [
        str(path)
        for path in paths
        if not dotenv.is_private(path.name)
        and not any(part in left_out or part.endswith("_cache") for part in path.parts)
    ]
