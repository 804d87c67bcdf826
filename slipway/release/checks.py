"""What has to be true before anything is released, a function for each check.

It takes what it needs, and returns what it has found out and its line, or raises Problem: why nothing can be released.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import references, registry
from slipway.engine.registry import Manifest
from slipway.project import branch, changelog, semver, tags, tree
from slipway.project.checkout import Checkout
from slipway.project.clone import tagged
from slipway.project.tree import Tree
from slipway.release.attempt import Attempt, folder
from slipway.release.passed import Passed
from slipway.release.wanted import PATCH, Wanted
from slipway.trust import cosign, policy

NO_VERSIONS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Head:
    """What is checked out: the tree, and its branch ("" when HEAD is detached).

    It is `released` when the commit is a release's own, and nobody has asked to go beyond it: `version` then is the
    one in pyproject.toml.
    """

    tree: Tree
    branch: str
    version: str
    released: bool

    @property
    def before(self) -> str:
        """The last version before this one, "" for none; it may be from before the project was adopted."""
        return self._here or (self.tree.last if semver.is_version(self.tree.last) else "")

    @property
    def previous(self) -> str:
        """The version that Slipway has released before this one, "" for none."""
        return self._here or (self.tree.previous if semver.is_version(self.tree.previous) else "")

    @property
    def _here(self) -> str:
        here = () if self.released else filter(None, map(semver.version_of, self.tree.tags))
        return max(here, key=semver.parse, default="")


@dataclass(frozen=True)
class Upstream:
    """What the branch follows: its remote ("" for none), the commit there ("" for none), and the versions there."""

    remote: str = ""
    tip: str = ""
    versions: frozenset[str] = NO_VERSIONS


@dataclass(frozen=True)
class Version:
    """The version to be released, and what is kept of an earlier try, which may have the version's tag already."""

    new: str = ""
    kept: Passed | None = None
    is_tagged: bool = False

    def passed(self, head: Head, wanted: Wanted, found: Manifest | None = None) -> Passed | None:
        """Return the earlier try if it is to be finished, or None.

        It is of the same commit and has left no other gates out; or whatever was committed since, it is published (the
        registry has it as `found`) or tagged.
        """
        if not self.kept:
            return None
        if self.is_tagged or (found and found.is_image(self.kept.image)):
            return self.kept
        same = head.tree.commit in (self.kept.head, self.kept.commit)
        return self.kept if same and self.kept.skipped <= set(wanted.skip) else None


@dataclass(frozen=True)
class Published:
    """What the registry has of the version, and the tags that move to it; `done` when nothing is left to publish."""

    found: Manifest | None = None
    moving: tuple[str, ...] = ()
    done: bool = False


def read_head(checkout: Checkout, wanted: Wanted) -> Head:
    """Ask git what is checked out; raises Problem."""
    state, version = tree.read(checkout.root, checkout.shell), checkout.project.version
    asked = wanted.part or wanted.version not in ("", version)
    on = branch.current(checkout.shell) if state.commit else ""
    return Head(state, on, version, not asked and semver.git_tag(version) in state.tags)


def clean(shell: Shell, head: Head) -> str:
    """Check that what is checked out is a commit, and nothing but that; raises Problem."""
    state = head.tree
    if not state.commit:
        raise Problem("there is no commit: git init, git add, git commit")
    if state.content:
        raise Problem("the tree has changes: git commit, or git stash")
    if state.shallow:
        raise Problem("this clone is shallow, so that its tags are not known: git fetch --unshallow --tags")
    if not head.released and not branch.has_committer(shell):
        raise Problem("git does not know who you are: git config user.name NAME, git config user.email ADDRESS")
    return f"clean, at {state.commit[:12]}"


def tagged_already(head: Head, wanted: Wanted) -> None:
    """Check that what is handed from one machine to another is a commit that both have; raises Problem."""
    if (wanted.save or wanted.load) and not head.released:
        raise Problem(
            f"--save and --load are of a commit that is tagged with its version ({semver.git_tag(head.version)}): "
            "./inv release --tag-only, then git push --follow-tags"
        )


def follow(shell: Shell, head: Head, only: str) -> Upstream:
    """Ask the branch's remote, if it has one; raises Problem.

    Also when releases are made of the branch `only`, and this is another one.
    """
    if not head.released and not head.branch:
        raise Problem("HEAD is detached, so that the commit would be on no branch: git switch BRANCH")
    if not head.released and only and head.branch != only:
        raise Problem(f"this is {head.branch}, and releases are made of {only}: git switch {only}")
    remote, merge = branch.followed(shell, head.branch)
    if head.released:  # only to know what else was released: a workflow may not be let in
        if remote := remote or branch.first_remote(shell):
            with contextlib.suppress(Problem):
                return Upstream(remote, "", branch.ask(shell, remote, merge).versions)
        return Upstream()
    if not remote or not merge:
        return Upstream()
    there = branch.ask(shell, remote, merge)
    return Upstream(remote, there.tip, there.versions)


def level(shell: Shell, head: Head, upstream: Upstream) -> str:
    """Check that the branch has all that others have pushed to it; raises Problem."""
    if head.released:
        return f"HEAD is {semver.git_tag(head.version)}" + (f", on {head.branch}" if head.branch else "")
    if not upstream.remote:
        return f"{head.branch}, which has no upstream"
    if upstream.tip and not branch.contains(shell, upstream.tip):
        raise Problem(f"{upstream.remote} has commits of {head.branch} that are not here: git pull")
    return f"{head.branch}, {'level with' if upstream.tip == head.tree.commit else 'ahead of'} {upstream.remote}"


def number(checkout: Checkout, wanted: Wanted, head: Head, known: frozenset[str]) -> tuple[Version, str]:
    """Check that the version is new, and higher than the last one; raises Problem.

    `known` are the versions released before.
    """
    old, before = head.version, head.before
    new = old if head.released else wanted.version or semver.raised(old, wanted.part or PATCH)
    kept = Attempt(checkout, new).kept()
    version = Version(new, kept, kept is not None and tagged(checkout.shell, new) == kept.commit)
    if head.released:
        return version, f"{old}, tagged already"
    if version.is_tagged:
        return version, f"{new}, tagged already and not finished"
    if new in known:
        raise Problem(f"the tag {semver.git_tag(new)} exists already: raise another part, or say --version")
    for lower, where in ((before, "the last tag before this commit"), (old, "pyproject.toml")):
        if lower and semver.is_version(lower) and semver.parse(new) < semver.parse(lower):
            raise Problem(f"{new} is lower than {lower}, {where}: correct the version in pyproject.toml")
    return version, f"{new}, after {before}" if before else f"{new}, the first"


def changes(checkout: Checkout, new: str, written: bool) -> tuple[str, str]:
    """Check that the changelog has something to say, unless it is `written` already; raises Problem."""
    if not changelog.is_kept(checkout.project):
        return "", "there is none: no [tool.towncrier] in pyproject.toml"
    if written:
        return "", "written already"
    notes = changelog.draft(checkout.project, checkout.shell, new)
    if not notes:
        raise Problem(
            "nothing of it is in the changelog: say what has changed for users in a file of changelog.d, "
            "like +what.added.md"
        )
    entries = sum(line.startswith("- ") for line in notes.splitlines())
    return notes, f"{entries} {'entry' if entries == 1 else 'entries'}"


def free(
    checkout: Checkout, wanted: Wanted, head: Head, version: Version, known: frozenset[str]
) -> tuple[Published, str]:
    """Check that the registry has no such version, or this very image; raises Problem."""
    if wanted.unpublished:
        return Published(done=head.released and wanted.tag_only), f"not asked: {wanted.unpublished}"
    project, shell, new = checkout.project, checkout.shell, version.new
    repository = project.repository
    if not repository:
        raise Problem('no registry is named: registry = "registry.example.com/team" in [tool.slipway]')
    if references.host(repository) == "docker.io" and not repository.startswith("docker.io/"):
        raise Problem(f'Docker Hub is named in full: registry = "docker.io/{project.registry}"')
    _refuse_unfinished(checkout, new)
    tag = f"{repository}:{new}"
    found = registry.find(shell, tag, echo=True)
    # What they lead to counts as well: its git tag may not be here yet.
    now = [registry.version(shell, f"{repository}:{name}") for name in tags.moving(new, known)]
    moving = tuple(tags.moving(new, [*known, *filter(semver.is_version, now)]))
    if not found:
        return Published(moving=moving), f"{tag} is free"
    if version.kept and found.is_image(version.kept.image):
        return Published(found, moving), f"{tag} is there already, as it was pushed"
    if not head.released:
        raise Problem(registry.taken(tag))
    if key := cosign.public_key(project):
        policy.check(shell, project.name, key, f"{repository}@{found.digest}", new)
    done = all(registry.find(shell, f"{repository}:{name}") == found for name in moving)
    return Published(found, moving, done), f"{tag} is there" + ("" if done else ": it has to be what is built here")


def _refuse_unfinished(checkout: Checkout, new: str) -> None:
    # A version that is in the registry and has no tag would be forgotten.
    for other in folder(checkout).glob("*/"):
        kept = Attempt(checkout, other.name).kept() if other.name != new else None
        if kept and not tagged(checkout.shell, other.name):
            found = registry.find(checkout.shell, f"{checkout.project.repository}:{other.name}")
            if found and found.is_image(kept.image):
                raise Problem(f"{other.name} is published and not tagged: ./inv release --version {other.name}")


def signature(checkout: Checkout, needless: str) -> tuple[Path | None, str]:
    """Check that what is published can be signed, unless that is `needless`, which says why; raises Problem."""
    key = cosign.public_key(checkout.project)
    if not key:
        return None, "none: no key in [tool.slipway.release]"
    if needless:
        return key, f"not needed: {needless}"
    cosign.check_pair(checkout.shell, key)
    return key, f"{os.environ[cosign.PRIVATE]} is the key of {key.name}"
