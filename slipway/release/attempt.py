"""A try at a release: a clone of its own, with the release's commit and tag.

Ignored files and later edits cannot enter it. The checkout gets commit and tag only once the version is in the
registry. A try whose gates have passed is kept until then, so that a second run publishes
the very same images.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from slipway.core.errors import Problem
from slipway.image.context import of_project
from slipway.project import branch, changelog, dotenv, tags, written
from slipway.project.checkout import Checkout
from slipway.project.clone import clone, prefix_command, tagged
from slipway.project.dotenv import new_secret
from slipway.project.semver import git_tag
from slipway.release import raised
from slipway.release.passed import Passed


class Attempt:
    """The clone of one version of a checkout's project."""

    def __init__(self, home: Checkout, version: str) -> None:
        self.home = home
        self.version = version
        self.began = now()
        self.folder = folder(home) / version
        self._clone = self.folder / "clone"
        self._record = self.folder / "passed.json"

    # The images' names on this engine

    @property
    def tag(self) -> str:
        """The image, as this engine calls it."""
        return f"{self.home.project.image}:{self.version}"

    @property
    def tests_tag(self) -> str:
        """The image that tests it."""
        return f"{self.home.project.image}:{tags.tests_of(self.version)}"

    # The clone

    @cached_property
    def root(self) -> Path:
        """The project's folder in the clone.

        It may lie below the repository's root.
        """
        return self._clone / self.home.shell.output(prefix_command())

    @property
    def checkout(self) -> Checkout:
        """The project as it is released: as the clone has it by now."""
        return Checkout.at(self.root, self.home.steps)

    @property
    def commit(self) -> str:
        """The clone's commit."""
        return self.home.shell.output(head_command(), cwd=self._clone)

    def make(self, head: str) -> None:
        """Clone the checkout, at a commit."""
        self.remove()
        self.folder.mkdir(parents=True)
        clone(self.home.shell, self._clone, head)
        if example := replace(self.checkout.project, root=self.root).example:  # for the verbs that are run here
            text = dotenv.fill(example, self.checkout.project.secrets, new_secret)
            written.create(self.root / self.checkout.project.env_file, text)

    def write(self, skipped: Sequence[str]) -> None:
        """Write version and changelog, commit, and tag.

        `skipped` are the gates that are left out on demand. Raises Problem.
        """
        names = raised.write(self.root, self._clone, self.version)
        checkout = self.checkout
        kept = changelog.is_kept(checkout.project)
        notes = changelog.write(checkout.project, checkout.shell, self.version) if kept else ""
        message = [f"Release {self.version}", *([f"Without its gates {', '.join(skipped)}."] if skipped else [])]
        checkout.shell.output(add_command(*names))
        checkout.shell.output(commit_command(*message), echo=True)
        checkout.shell.output(tag_command(self.version, *message, *([notes] if notes else [])))

    def tidy(self) -> None:
        """Remove what is in the clone and not in its commit, as far as git or a build would see it.

        Tests write logs and reports beside the code. Settings and environments, which neither sees, stay. Raises
        Problem.
        """
        checkout = self.checkout
        checkout.shell.output(clean_command(), cwd=self._clone)
        known = checkout.shell.output(tracked_command(checkout.project.context)).split("\0")
        for name in set(of_project(checkout.project)) - set(known):
            (self.root / name).unlink()

    def bring_home(self, commit: str) -> None:
        """Have the release's commit and tag in the checkout.

        Raises Problem, also when another commit has that tag there.
        """
        there, tag = tagged(self.home.shell, self.version), git_tag(self.version)
        if there and there != commit:
            raise Problem(
                f"{self.version} is made of the commit {commit}, and the tag {tag} here is another's. "
                f"Remove it: git tag --delete {tag}"
            )
        ref = f"refs/tags/{tag}"
        command = fetch_command(self._clone, "HEAD" if there else f"{ref}:{ref}")
        status, _, said = self.home.shell.probe(command, echo=True, apart=True)
        if status:
            raise Problem(f"{said.strip()}\nThe tag {tag} could not be set here.")

    def merge(self, name: str, commit: str) -> bool:
        """Let a branch follow the release; False when it could not.

        Whatever is checked out by now.
        """
        shell = self.home.shell
        command = merge_command(commit) if branch.current(shell) == name else follow_command(name, commit)
        status, _, said = shell.probe(command, echo=True, apart=True)
        if status:
            shell.steps.say(f"  {said.strip()}")
        return not status

    def remove(self) -> None:
        """Remove the clone and all that is known of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # What is remembered

    def keep(self, passed: Passed) -> None:
        """Note that the gates have passed."""
        self._record.write_text(passed.written(), encoding="utf-8")

    def kept(self) -> Passed | None:
        """Return what has passed its gates, or None."""
        try:
            passed = Passed.read(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not self._clone.is_dir():
            return None
        at = self.home.shell.probe(head_command(), cwd=self._clone)[1]
        return passed if at == passed.commit else None


def folder(home: Checkout) -> Path:
    """Return the folder of a checkout's tries, one for each version."""
    return home.project.state / "release"


def now() -> str:
    """Return the time as ISO 8601, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# What is asked of git


def head_command() -> list[str]:
    """Return the command that prints the commit that is checked out."""
    return ["git", "rev-parse", "HEAD"]


def clean_command() -> list[str]:
    """Return the command that removes the files that git neither tracks nor ignores."""
    return ["git", "clean", "--quiet", "--force", "-d"]


def tracked_command(around: str) -> list[str]:
    """Return the command that lists what git tracks, here and in the folder `around`."""
    return ["git", "ls-files", "-z", "--cached", "--", ".", around]


def add_command(*names: str) -> list[str]:
    """Return the command that puts files into the next commit."""
    return ["git", "add", *names]


def commit_command(*message: str) -> list[str]:
    """Return the command that commits, with the paragraphs of a message.

    The gates are its hooks. Without a changelog, or when the version stands there already, there may be no change.
    """
    plain = ["git", "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty"]
    return [*plain, *_paragraphs(message)]


def tag_command(version: str, *message: str) -> list[str]:
    """Return the command that tags a version, with a message."""
    return ["git", "tag", "--annotate", "--cleanup=whitespace", git_tag(version), *_paragraphs(message)]


def fetch_command(clone: Path, ref: str) -> list[str]:
    """Return the command that fetches a ref from a clone."""
    return ["git", "fetch", "--quiet", "--no-tags", str(clone), ref]


def merge_command(commit: str) -> list[str]:
    """Return the command that lets the branch that is checked out follow."""
    return ["git", "merge", "--ff-only", "--quiet", "--no-verify-signatures", commit]


def follow_command(name: str, commit: str) -> list[str]:
    """Return the command that lets another branch follow."""
    return ["git", "fetch", "--quiet", ".", f"{commit}:refs/heads/{name}"]


def _paragraphs(message: Sequence[str]) -> list[str]:
    return [word for text in message for word in ("--message", text)]
