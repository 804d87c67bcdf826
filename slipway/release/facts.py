"""What is true of a checkout, and of the registry, before it is released."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from slipway.core.errors import Problem
from slipway.engine import registry
from slipway.engine.registry import Manifest
from slipway.image.build import Options
from slipway.project import changelog
from slipway.project import tree as version
from slipway.project.tree import Tree
from slipway.release import gates
from slipway.release.attempt import Attempt, Passed, tagged
from slipway.trust import cosign as signing
from slipway.trust import policy as trust
from slipway.verbs.session import Lifecycle

PATCH = "patch"  # what is raised unless told


@dataclass(frozen=True)
class Wanted:
    """What was asked for.

    A part to raise or a version, gates to skip, secrets for the build, no images.
    """

    part: str = ""
    version: str = ""
    skip: tuple[str, ...] = ()
    build: Options = field(default_factory=Options)
    tag_only: bool = False


class Facts:
    """What is true of the checkout, looked at once.

    Each check returns its line, or raises Problem.
    """

    def __init__(self, here: Lifecycle, wanted: Wanted) -> None:
        self.here, self.wanted = here, wanted
        self.repository = here.project.repository
        self.remote: set[str] = set()  # the versions that the remote has
        self.new = ""
        self.key: Path | None = None
        self.done = False
        self.found: Manifest | None = None  # what the registry has of the version
        self.moving: tuple[str, ...] = ()

    @cached_property
    def tree_state(self) -> Tree:
        """What git says of the tree."""
        return version.read(self.here.project.root, self.here.shell)

    @cached_property
    def branch(self) -> str:
        """The branch, "" when HEAD is detached."""
        return self.here.shell.probe(["git", "symbolic-ref", "--quiet", "--short", "HEAD"])[1]

    @cached_property
    def tagged(self) -> bool:
        """Whether HEAD is a release's own commit.

        And nobody asked to go beyond it.
        """
        asked = self.wanted.part or self.wanted.version not in ("", self.here.project.version)
        return not asked and f"v{self.here.project.version}" in self.tree_state.tags

    @cached_property
    def known(self) -> frozenset[str]:
        """The versions that were released before.

        Their tags, here and at the remote.
        """
        tags = self.here.shell.probe(["git", "tag", "--list", "v*"])[1].split()
        names = {tag.removeprefix("v") for tag in tags} | self.remote
        return frozenset(filter(version.is_version, names))

    def tree(self) -> str:
        """Whether it is a commit, and nothing but that."""
        state = self.tree_state
        if not state.commit:
            raise Problem("there is no commit: git init, git add, git commit")
        if state.content:
            raise Problem("the tree has changes: git commit, or git stash")
        if state.shallow:
            raise Problem("this clone is shallow, so that its tags are not known: git fetch --unshallow --tags")
        if not self.tagged and self.here.shell.probe(["git", "var", "GIT_COMMITTER_IDENT"])[0]:
            raise Problem("git does not know who you are: git config user.name NAME, git config user.email ADDRESS")
        return f"clean, at {state.commit[:12]}"

    def upstream(self) -> str:
        """Check that it is the branch to release from.

        It has all that others have pushed to it.
        """
        only = self.here.project.release.branch
        if not self.tagged and not self.branch:
            raise Problem("HEAD is detached, so that the commit would be on no branch: git switch BRANCH")
        if not self.tagged and only and self.branch != only:
            raise Problem(f"this is {self.branch}, and releases are made of {only}: git switch {only}")
        remote, merge = (self._of_branch(name) for name in ("remote", "merge"))
        if self.tagged:
            remote = remote or next(iter(self.here.shell.probe(["git", "remote"])[1].split()), "")
            if remote:  # only to know what else was released: a workflow may not be let in
                with contextlib.suppress(Problem):
                    self._ask(remote, merge)
            return f"HEAD is v{self.here.project.version}" + (f", on {self.branch}" if self.branch else "")
        if not remote or not merge:
            return f"{self.branch}, which has no upstream"
        tip = self._ask(remote, merge)
        if tip and self.here.shell.probe(["git", "merge-base", "--is-ancestor", tip, "HEAD"])[0]:
            raise Problem(f"{remote} has commits of {self.branch} that are not here: git pull")
        return f"{self.branch}, {'level with' if tip == self.tree_state.commit else 'ahead of'} {remote}"

    def _ask(self, remote: str, merge: str) -> str:
        # Notes the versions of a remote; returns where its branch is, "" when it has none.
        asked = ["git", "ls-remote", remote, *([merge] if merge else []), "refs/tags/v*"]
        status, out, said = self.here.shell.probe(asked, echo=True, env={"GIT_TERMINAL_PROMPT": "0"})
        if status:
            raise Problem(f"{said.strip()}\nthe upstream {remote} cannot be asked")
        refs = {ref: commit for commit, ref in (line.split("\t") for line in out.splitlines())}
        tags = (ref.removeprefix("refs/tags/v") for ref in refs if ref.startswith("refs/tags/"))
        self.remote = {tag for tag in tags if version.is_version(tag)}
        return refs.get(merge, "")

    def _of_branch(self, name: str) -> str:
        return self.here.shell.probe(["git", "config", f"branch.{self.branch}.{name}"])[1]

    def number(self) -> str:
        """Whether the version is new, and higher than the last one."""
        old = self.here.project.version
        if self.tagged:
            self.new = old
            return f"{old}, tagged already"
        new, before = self.wanted.version or version.raised(old, self.wanted.part or PATCH), self.before
        kept = Attempt(self.here, new).kept()
        if kept and tagged(self.here.shell, new) == kept.commit:
            self.new = new
            return f"{new}, tagged already and not finished"
        if new in self.known:
            raise Problem(f"the tag v{new} exists already: raise another part, or say --version")
        for lower, where in ((before, "the last tag before this commit"), (old, "pyproject.toml")):
            if lower and version.is_version(lower) and version.parse(new) < version.parse(lower):
                raise Problem(f"{new} is lower than {lower}, {where}: correct the version in pyproject.toml")
        self.new = new
        return f"{new}, after {before}" if before else f"{new}, the first"

    @property
    def before(self) -> str:
        """The version released before this one, "" for none."""
        state = self.tree_state
        here = () if self.tagged else (tag.removeprefix("v") for tag in state.tags if tag.startswith("v"))
        versions = sorted(filter(version.is_version, here), key=version.parse)
        previous = state.previous if version.is_version(state.previous) else ""
        return versions[-1] if versions else previous

    @cached_property
    def notes(self) -> str:
        """What the changelog gets."""
        written = self.tagged or self.passed or not changelog.is_kept(self.here.project)
        return "" if written else changelog.draft(self.here.project, self.here.shell, self.new)

    def changes(self) -> str:
        """Whether the changelog has something to say."""
        if not changelog.is_kept(self.here.project):
            return "there is none: no [tool.towncrier] in pyproject.toml"
        if self.tagged or self.passed:
            return "written already"
        if not self.notes:
            raise Problem(
                "nothing of it is in the changelog: say what has changed for users in a file of changelog.d, "
                "like +what.added.md"
            )
        entries = sum(line.startswith("- ") for line in self.notes.splitlines())
        return f"{entries} {'entry' if entries == 1 else 'entries'}"

    def free(self) -> str:
        """Check that the registry has no such version.

        Or this very image.
        """
        if self.wanted.tag_only:
            self.done = self.tagged
            return "not asked: --tag-only"
        if not self.repository:
            raise Problem('no registry is named: registry = "registry.example.com/team" in [tool.slipway]')
        if registry.host(self.repository) == "docker.io" and not self.repository.startswith("docker.io/"):
            raise Problem(f'Docker Hub is named in full: registry = "docker.io/{self.here.project.registry}"')
        tag, shell = f"{self.repository}:{self.new}", self.here.shell
        self._refuse_unfinished()
        self.found = found = registry.find(shell, tag, echo=True)
        # What they lead to counts as well: its git tag may not be here yet.
        names = version.moving(self.new, self.known)
        now = {name: registry.version(shell, f"{self.repository}:{name}") for name in names}
        self.moving = tuple(version.moving(self.new, [*self.known, *filter(version.is_version, now.values())]))
        if not found:
            return f"{tag} is free"
        if self.passed and found.is_image(self.passed.image):
            return f"{tag} is there already, as it was pushed"
        if self.tagged:
            if key := signing.public_key(self.here):
                trust.check(self.here, key, f"{self.repository}@{found.digest}", self.new)
            self.done = all(registry.find(shell, f"{self.repository}:{name}") == found for name in self.moving)
            return f"{tag} is there" + ("" if self.done else ": it has to be what is built here")
        raise Problem(registry.taken(tag))

    def _refuse_unfinished(self) -> None:
        # A version that is in the registry and has no tag would be forgotten.
        for folder in (self.here.project.state / "release").glob("*/"):
            kept = Attempt(self.here, folder.name).kept() if folder.name != self.new else None
            if kept and not tagged(self.here.shell, folder.name):
                found = registry.find(self.here.shell, f"{self.repository}:{folder.name}")
                if found and found.is_image(kept.image):
                    raise Problem(f"{folder.name} is published and not tagged: ./inv release --version {folder.name}")

    def signature(self) -> str:
        """Whether what is published can be signed."""
        self.key = signing.public_key(self.here)
        if not self.key:
            return "none: no key in [tool.slipway.release]"
        if self.wanted.tag_only or self.done:
            return f"not needed: {'it is released' if self.done else '--tag-only'}"
        signing.check_pair(self.here, self.key)
        return f"{os.environ[signing.PRIVATE]} is the key of {self.key.name}"

    @property
    def passed(self) -> Passed | None:
        """An earlier try that has passed its gates, or None.

        Of the same commit, or whatever was committed since, when it is published or tagged: then it has to be
        finished.
        """
        kept = Attempt(self.here, self.new).kept()
        if not kept:
            return None
        published = bool(self.found and self.found.is_image(kept.image))
        if published or tagged(self.here.shell, self.new) == kept.commit:
            return kept
        skipped = {name for name, how in kept.gates.items() if how == gates.SKIPPED}
        same = self.tree_state.commit in (kept.head, kept.commit)
        return kept if same and skipped <= set(self.wanted.skip) else None

    @property
    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        """What is looked at, in order."""
        return [
            ("tree", self.tree),
            ("branch", self.upstream),
            ("version", self.number),
            ("changelog", self.changes),
            ("registry", self.free),
            ("signing", self.signature),
        ]
