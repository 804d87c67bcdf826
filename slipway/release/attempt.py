"""A try at a release: a clone of its own, with the release's commit and tag.

What git ignores cannot get into it, nor what is edited meanwhile, and the checkout knows nothing of commit and tag
until the version is in the registry. A try whose gates have passed is kept until then, so that a second run publishes
the very same images.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.project import changelog, dotenv
from slipway.project.config import Project, load
from slipway.project.settings import new_secret, write_private
from slipway.verbs.session import Lifecycle

# What of the checkout's own configuration the clone has to have: who commits, how it is signed, what files look like.
TAKEN = ("user.", "author.", "committer.", "commit.", "tag.", "gpg.", "filter.", "core.autocrlf", "core.eol", "i18n.")


@dataclass(frozen=True)
class Passed:
    """What has passed its gates.

    A commit on top of `head`, the ids of its images, and what its base is known by. Times are ISO 8601, UTC.
    """

    head: str
    commit: str
    image: str
    tests: str
    base: str
    gates: Mapping[str, str]
    began: str
    ended: str


class Attempt:
    """The clone of one version, and what is known of it."""

    def __init__(self, here: Lifecycle, version: str) -> None:
        self.here = here
        self.version = version
        self.folder = here.project.state / "release" / version
        self._clone = self.folder / "clone"
        self.gates: dict[str, str] = {}
        self.began = self.ended = now()
        self.image = self.tests = self.base = ""  # ids, and what the base image is known by

    # The images' names on this engine

    @property
    def tag(self) -> str:
        """The image, as this engine calls it."""
        return f"{self.here.project.image}:{self.version}"

    @property
    def tests_tag(self) -> str:
        """The image that tests it."""
        return f"{self.tag}-test"

    # The clone

    @cached_property
    def tree(self) -> Path:
        """The project in the clone.

        It may lie below the repository's root.
        """
        return self._clone / self.here.shell.output(["git", "rev-parse", "--show-prefix"])

    @property
    def project(self) -> Project:
        """The project as it is released."""
        return load(self.tree)

    @cached_property
    def shell(self) -> Shell:
        """Runs programs in the clone."""
        return Shell(self.tree, self.here.steps)

    @cached_property
    def commit(self) -> str:
        """The release's commit."""
        return self.shell.output(["git", "rev-parse", "HEAD"])

    def make(self, head: str) -> None:
        """Clone the checkout, at a commit."""
        self.remove()
        self.folder.mkdir(parents=True)
        clone(self.here.shell, self._clone, head)
        example = self.tree / ".env.example"
        if example.exists():  # settings of its own, for the verbs that are run here
            text = dotenv.fill(example.read_text(encoding="utf-8"), self.project.secrets, new_secret)
            write_private(self.tree / ".env", text)

    def write(self, gone: str) -> None:
        """Write version and changelog, commit, and tag.

        `gone` are the gates that were left out on demand. Raises Problem.
        """
        raise_version(self.tree / "pyproject.toml", self.version)
        notes = changelog.write(self.project, self.shell, self.version) if changelog.is_kept(self.project) else ""
        message = [f"Release {self.version}", *([f"Without its gates {gone}."] if gone else [])]
        words = [word for text in message for word in ("--message", text)]
        self.shell.output(["git", "add", "pyproject.toml"])
        commit = ["git", "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty"]  # gates are its hooks
        self.shell.output([*commit, *words], echo=True)
        told = [*words, *(["--message", notes] if notes else [])]
        self.shell.output(["git", "tag", "--annotate", "--cleanup=whitespace", f"v{self.version}", *told])

    def bring_home(self) -> None:
        """Have commit and tag in the checkout.

        Raises Problem, also when another commit has that tag there.
        """
        ref = f"refs/tags/v{self.version}"
        there = tagged(self.here.shell, self.version)
        if there and there != self.commit:
            raise Problem(
                f"{self.version} is made of the commit {self.commit}, and the tag v{self.version} here is another's. "
                f"Remove it: git tag --delete v{self.version}"
            )
        refs = ["HEAD"] if there else [f"{ref}:{ref}"]
        fetch = ["git", "fetch", "--quiet", "--no-tags", str(self._clone), *refs]
        status, _, said = self.here.shell.probe(fetch, echo=True, apart=True)
        if status:
            raise Problem(f"{said.strip()}\nThe tag v{self.version} could not be set here.")

    def merge(self, branch: str) -> bool:
        """Let a branch follow; False when it could not.

        Whatever is checked out by now.
        """
        shell = self.here.shell
        on = shell.probe(["git", "symbolic-ref", "--quiet", "--short", "HEAD"])[1]
        merge = ["git", "merge", "--ff-only", "--quiet", "--no-verify-signatures", self.commit]
        elsewhere = ["git", "fetch", "--quiet", ".", f"{self.commit}:refs/heads/{branch}"]
        return shell.probe(merge if on == branch else elsewhere, echo=True, apart=True)[0] == 0

    def remove(self) -> None:
        """Remove the clone and all that is known of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # What is remembered

    @property
    def _record(self) -> Path:
        return self.folder / "passed.json"

    def keep(self, head: str) -> None:
        """Note that the gates have passed."""
        self.ended = now()
        passed = Passed(head, self.commit, self.image, self.tests, self.base, self.gates, self.began, self.ended)
        self._record.write_text(json.dumps(asdict(passed), indent=2) + "\n", encoding="utf-8")

    def kept(self) -> Passed | None:
        """Return what has passed its gates, or None."""
        try:
            values = json.loads(self._record.read_text(encoding="utf-8"))
            passed = Passed(**{one.name: values[one.name] for one in fields(Passed)})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not self._clone.is_dir():
            return None
        at = self.here.shell.probe(["git", "rev-parse", "HEAD"], cwd=self._clone)[1]
        return passed if at == passed.commit else None

    def resume(self, passed: Passed) -> None:
        """Go on with what has passed its gates."""
        self.gates, self.began, self.ended = dict(passed.gates), passed.began, passed.ended
        self.image, self.tests, self.base = passed.image, passed.tests, passed.base


def clone(shell: Shell, target: Path, commit: str) -> Path:
    """Clone the project's repository, at a commit.

    Returns the project's folder in it. Raises Problem.
    """
    own_git(shell)
    top = shell.output(["git", "rev-parse", "--show-toplevel"])
    shell.output(["git", "clone", "--quiet", "--no-checkout", top, str(target)])
    listed = shell.output(["git", "config", "--null", "--show-scope", "--includes", "--list"])
    for name, value in configuration(listed):
        shell.output(["git", "config", "--add", name, value], cwd=target)
    shell.output(["git", "checkout", "--quiet", "--detach", commit], cwd=target)
    return target / shell.output(["git", "rev-parse", "--show-prefix"])


def own_git(shell: Shell) -> None:
    """Let git work in the folder where it is called.

    And not in the one that a hook or an alias has named.
    """
    for name in shell.probe(["git", "rev-parse", "--local-env-vars"])[1].split():
        os.environ.pop(name, None)


def tagged(shell: Shell, version: str) -> str:
    """Return the commit of a version's tag, or "".

    That is the tag in the checkout.
    """
    return shell.probe(["git", "rev-parse", "--verify", "--quiet", f"refs/tags/v{version}^{{commit}}"])[1]


def now() -> str:
    """Return the time as ISO 8601, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def configuration(listed: str) -> Iterator[tuple[str, str]]:
    """Yield the settings that only the checkout has.

    Takes what `git config --null --show-scope --list` prints; yields names and values that a clone takes over.
    """
    words = listed.split("\0")
    for scope, entry in zip(words[::2], words[1::2], strict=False):
        name, _, value = entry.partition("\n")
        if scope in ("local", "worktree") and name.lower().startswith(TAKEN):
            yield name, value


def raise_version(pyproject: Path, new: str) -> None:
    """Write a version into pyproject.toml, and that alone.

    Raises Problem when there is none to replace.
    """
    import tomlkit

    document = tomlkit.parse(pyproject.read_bytes().decode("utf-8"))  # with its own ends of lines
    if "project" not in document or "version" not in document["project"]:
        raise Problem(f"{pyproject} has no version in [project].")
    document["project"]["version"] = new
    pyproject.write_bytes(tomlkit.dumps(document).encode("utf-8"))
