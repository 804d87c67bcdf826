"""A branch, the remote that it follows, and what was released there: what git says of them."""

from dataclasses import dataclass

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.project.semver import git_tag, version_of

TAGS = "refs/tags/"
QUIETLY = {"GIT_TERMINAL_PROMPT": "0"}  # nobody is asked for a password


@dataclass(frozen=True)
class Remote:
    """What a remote has: the commit of the branch that was asked for ("" for none), and versions by their tags."""

    tip: str
    versions: frozenset[str]


def current_command() -> list[str]:
    """Return the command that prints the branch; its status is 1 when HEAD is detached."""
    return ["git", "symbolic-ref", "--quiet", "--short", "HEAD"]


def setting_command(branch: str, name: str) -> list[str]:
    """Return the command that prints a setting of a branch: remote, or merge."""
    return ["git", "config", f"branch.{branch}.{name}"]


def remotes_command() -> list[str]:
    """Return the command that lists the remotes."""
    return ["git", "remote"]


def ask_command(remote: str, ref: str) -> list[str]:
    """Return the command that prints where a ref of a remote is ("" for none), and its versions' tags."""
    return ["git", "ls-remote", remote, *([ref] if ref else []), TAGS + git_tag("*")]


def contains_command(commit: str) -> list[str]:
    """Return the command whose status is 0 when HEAD has a commit."""
    return ["git", "merge-base", "--is-ancestor", commit, "HEAD"]


def tags_command() -> list[str]:
    """Return the command that lists the versions' tags."""
    return ["git", "tag", "--list", git_tag("*")]


def committer_command() -> list[str]:
    """Return the command whose status is 0 when git knows who commits."""
    return ["git", "var", "GIT_COMMITTER_IDENT"]


def current(shell: Shell) -> str:
    """Return the branch, "" when HEAD is detached."""
    return shell.probe(current_command())[1]


def followed(shell: Shell, branch: str) -> tuple[str, str]:
    """Return the remote that a branch follows, and the ref there; each "" for none."""
    remote, merge = (shell.probe(setting_command(branch, name))[1] for name in ("remote", "merge"))
    return remote, merge


def first_remote(shell: Shell) -> str:
    """Return a remote, "" when there is none."""
    return next(iter(shell.probe(remotes_command())[1].split()), "")


def ask(shell: Shell, remote: str, ref: str) -> Remote:
    """Ask a remote where a ref is, and which versions it has; raises Problem."""
    status, out, said = shell.probe(ask_command(remote, ref), echo=True, env=QUIETLY)
    if status:
        raise Problem(f"{said.strip()}\nthe upstream {remote} cannot be asked")
    refs = {name: commit for commit, name in (line.split("\t") for line in out.splitlines())}
    versions = (version_of(name.removeprefix(TAGS)) for name in refs if name.startswith(TAGS))
    return Remote(refs.get(ref, ""), frozenset(filter(None, versions)))


def contains(shell: Shell, commit: str) -> bool:
    """Tell whether HEAD has a commit."""
    return not shell.probe(contains_command(commit))[0]


def versions(shell: Shell) -> frozenset[str]:
    """Return the versions that have a tag here."""
    tags = shell.probe(tags_command())[1].split()
    return frozenset(filter(None, map(version_of, tags)))


def has_committer(shell: Shell) -> bool:
    """Tell whether git knows who commits."""
    return not shell.probe(committer_command())[0]
