"""A clone of the project's repository, with the checkout's own git settings."""

import os
from collections.abc import Iterator
from pathlib import Path

from slipway.core.shell import Shell
from slipway.project.semver import git_tag

# What of the checkout's own configuration the clone has to have: who commits, how it is signed, what files look like.
TAKEN = ("user.", "author.", "committer.", "commit.", "tag.", "gpg.", "filter.", "core.autocrlf", "core.eol", "i18n.")


def top_command() -> list[str]:
    """Return the command that prints the repository's folder."""
    return ["git", "rev-parse", "--show-toplevel"]


def prefix_command() -> list[str]:
    """Return the command that prints where in its repository a folder is, "" for its top."""
    return ["git", "rev-parse", "--show-prefix"]


def clone_command(repository: str, target: Path) -> list[str]:
    """Return the command that clones a repository, without its files."""
    return ["git", "clone", "--quiet", "--no-checkout", repository, str(target)]


def settings_command() -> list[str]:
    """Return the command that lists git's settings, for `configuration`."""
    return ["git", "config", "--null", "--show-scope", "--includes", "--list"]


def set_command(name: str, value: str) -> list[str]:
    """Return the command that adds a setting."""
    return ["git", "config", "--add", name, value]


def switch_command(commit: str) -> list[str]:
    """Return the command that checks a commit out, on no branch."""
    return ["git", "checkout", "--quiet", "--detach", commit]


def own_variables_command() -> list[str]:
    """Return the command that lists the variables by which git finds its repository."""
    return ["git", "rev-parse", "--local-env-vars"]


def tagged_command(version: str) -> list[str]:
    """Return the command that prints the commit of a version's tag."""
    return ["git", "rev-parse", "--verify", "--quiet", f"refs/tags/{git_tag(version)}^{{commit}}"]


def mark_command(version: str) -> list[str]:
    """Return the command that gives what is checked out a version's tag, without a message."""
    return ["git", "tag", git_tag(version)]


def has_command(commit: str) -> list[str]:
    """Return the command whose status is 0 when the repository has a commit."""
    return ["git", "cat-file", "-e", f"{commit}^{{commit}}"]


def clone(shell: Shell, target: Path, commit: str) -> Path:
    """Clone the project's repository, at a commit.

    Returns the project's folder in it. Raises Problem.
    """
    own_git(shell)
    shell.output(clone_command(shell.output(top_command()), target))
    for name, value in configuration(shell.output(settings_command())):
        shell.output(set_command(name, value), cwd=target)
    shell.output(switch_command(commit), cwd=target)
    return target / shell.output(prefix_command())


def own_git(shell: Shell) -> None:
    """Let git work in the folder where it is called.

    And not in the one that a hook or an alias has named.
    """
    for name in shell.probe(own_variables_command())[1].split():
        os.environ.pop(name, None)


def tagged(shell: Shell, version: str) -> str:
    """Return the commit of a version's tag, or "".

    That is the tag in the checkout.
    """
    return shell.probe(tagged_command(version))[1]


def has(shell: Shell, commit: str) -> bool:
    """Tell whether the repository has a commit."""
    return not shell.probe(has_command(commit))[0]


def configuration(listed: str) -> Iterator[tuple[str, str]]:
    """Yield the settings that only the checkout has.

    Takes what `git config --null --show-scope --list` prints; yields names and values that a clone takes over.
    """
    words = listed.split("\0")
    for scope, entry in zip(words[::2], words[1::2], strict=False):
        name, _, value = entry.partition("\n")
        if scope in ("local", "worktree") and name.lower().startswith(TAKEN):
            yield name, value
