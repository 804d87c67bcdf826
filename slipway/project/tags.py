"""The tag scheme: what images are called, on an engine and in a registry.

In `project`, because `runtime`, `image`, `trust` and `release` all read tags.
"""

import re
from collections.abc import Iterable

from slipway.project.semver import git_tag, parse
from slipway.project.tree import Tree

DEV = "dev"  # what runs in development
TESTED, REHEARSED, SINGLE = "test", "rehearsed", "single"  # built for one verb
LATEST = "latest"

# https://github.com/distribution/reference
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
# What is never published twice: a version, a commit's image, a tree's, a digest.
FIXED = re.compile(r".*(:\d+\.\d+\.\d+|:sha-[0-9a-f]{12}|:.*-dev\.\d+-.*|@sha256:[0-9a-f]{64})", re.ASCII)


def of_tree(version: str, tree: Tree) -> str:
    """Return the tag that can mean only this content.

    `X.Y.Z` on a clean commit that is tagged vX.Y.Z; else `X.Y.Z-dev.N-<sha12>`, and a hash of the content when the
    tree is dirty.
    """
    if tree.commit and not tree.content and git_tag(version) in tree.tags:
        return version
    tag = f"{version}-dev.{tree.since}-{tree.commit[:12] or 'nocommit'}"
    return f"{tag}-dirty.{tree.content[:12]}" if tree.content else tag


def of_commit(commit: str) -> str:
    """Return the tag of a released commit, `sha-<sha12>`."""
    return f"sha-{commit[:12]}"


def tests_of(version: str) -> str:
    """Return the tag of the image that tests a version."""
    return f"{version}-test"


def moving(new: str, known: Iterable[str]) -> list[str]:
    """Return the image tags that move to a release: X.Y, X and latest, each when it is the highest of them.

    `known` are the versions released so far.
    """
    mine = parse(new)
    others = [parse(one) for one in known]
    names = {f"{mine[0]}.{mine[1]}": 2, f"{mine[0]}": 1, LATEST: 0}
    return [name for name, n in names.items() if all(mine >= one for one in others if one[:n] == mine[:n])]


def is_fixed(reference: str) -> bool:
    """Tell whether a reference means the same image for ever."""
    return bool(FIXED.fullmatch(reference))


def may_mean(tag: str, version: str, commit: str) -> bool:
    """Tell whether a tag may mean a version that was made of a commit.

    X.Y.Z, X.Y, X and sha-... do, when they are its; any other is anybody's.
    """
    if re.fullmatch(r"\d+(\.\d+){0,2}", tag, re.ASCII):
        return f"{version}.".startswith(f"{tag}.")
    if re.fullmatch(r"sha-[0-9a-f]{12}", tag):
        return tag == of_commit(commit)
    return True


def in_registry(tag: str, repository: str) -> str:
    """Return what a --tag is called in a registry.

    "" for what only an engine has. `1.2.3` is this project's, whose `repository` is "" without a registry; a
    reference with its repository is taken as it is, and NAME:TAG is an image of the engine.
    """
    if "/" in tag:
        return tag
    return f"{repository}:{tag}" if repository and ":" not in tag else ""


def on_engine(tag: str, name: str) -> str:
    """Return what a --tag is called on the engine.

    This project's images have a plain `name` there.
    """
    return tag if "/" in tag or ":" in tag else f"{name}:{tag}"
