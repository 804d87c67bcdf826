"""What a release will do: decided from the facts, shown before it is done."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from slipway.core.words import row
from slipway.project.config import Project
from slipway.project.semver import git_tag
from slipway.release import gates, publish
from slipway.release.facts import Facts
from slipway.release.gates import Gate
from slipway.release.publish import UNMADE, Publication
from slipway.release.wanted import PATCH, Wanted


@dataclass(frozen=True)
class Plan:
    """What a release will do.

    `repository` is where it is published, "" when there is no registry.
    """

    wanted: Wanted
    facts: Facts
    repository: str
    gates: tuple[Gate, ...]

    @property
    def new(self) -> str:
        """The version."""
        return self.facts.new

    @property
    def publishes(self) -> bool:
        """Whether images are published; else another machine does that."""
        return self.wanted.publishes

    def first(self, commit: str) -> list[Publication]:
        """Return what is done before the version is published, for a commit."""
        return publish.first(self.repository, self.new, commit, self.facts.key) if self.publishes else []

    @property
    def publication(self) -> Publication | None:
        """What publishes the version."""
        return publish.version(self.repository, self.new) if self.publishes else None

    def last(self, commit: str) -> list[Publication]:
        """Return what is done after that, for a commit."""
        moving, key = self.facts.moving, self.facts.key
        return publish.last(self.repository, self.new, commit, moving, key) if self.publishes else []

    @property
    def again(self) -> str:
        """The command that goes on with it."""
        words = ["./inv", "release"]
        words += ["--save", str(self.wanted.save)] if self.wanted.save else ["--version", self.new]
        words += [word for name in self.wanted.skip for word in ("--skip", name)]
        return shlex.join([*words, *(["--tag-only"] if self.wanted.tag_only else [])])

    @property
    def released(self) -> str:
        """What is there in the end: an image, or only a tag, or files."""
        if self.wanted.save:
            return f"{self.new}, in {self.wanted.save}: not published"
        return f"{self.repository}:{self.new}" if self.publishes else git_tag(self.new)

    @property
    def commit(self) -> str:
        """What is committed."""
        old = self.facts.head.version
        before = f", {old} before" if old != self.new else ""
        return f"Release {self.new}{before}{', with its changelog' if self.facts.notes else ''}"

    @property
    def tag(self) -> str:
        """What is tagged."""
        branch = self.facts.head.branch
        return f"{git_tag(self.new)}{f', and {branch} follows' if branch else ''}"

    @property
    def saved(self) -> str:
        """What is saved, and where."""
        return f"the image, the one that tests it, and how the gates ended: {self.wanted.save}"

    @property
    def question(self) -> str:
        """What is asked before it is done."""
        return f"Release {self.new}{f' to {self.repository}' if self.publishes else ''}?"

    @property
    def then(self) -> list[str]:
        """The commands that come after it."""
        if self.wanted.save:
            return [shlex.join(["./inv", "release", "--load", str(self.wanted.save)])]
        push = [] if self.facts.head.released else ["git push --follow-tags"]
        return [*push, *([f"./inv deploy --tag {self.new}"] if self.publishes else [])]

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what will be done, as names and lines, in order."""
        facts = self.facts
        if facts.done:
            yield "nothing", f"{self.released} is released. The next one: ./inv release --part {PATCH}"
            return
        if facts.passed:
            yield "gates", f"passed already, by {facts.passed.ended}"
        else:
            if not facts.head.released:
                yield "commit", self.commit
            for gate in self.gates:
                yield gate.name, gate.planned
        if self.wanted.save:
            yield "save", self.saved
        yield from ((one.name, one.what) for one in self.first(UNMADE))
        if self.publication:
            yield self.publication.name, self.publication.what
        if not facts.head.released:
            yield "tag", self.tag
        yield from ((one.name, one.what) for one in self.last(UNMADE))

    def lines(self) -> Iterator[str]:
        """Yield what a plan looks like: its rows, and what the changelog gets."""
        yield from (row(name, what) for name, what in self.rows())
        if self.facts.notes:
            yield ""
            yield from self.facts.notes.strip().splitlines()

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        rows = [{"name": name, "what": what} for name, what in self.rows()]
        return {"version": self.new, "commit": self.facts.head.tree.commit, "notes": self.facts.notes, "steps": rows}

    def state(self, image: str, commit: str) -> dict[str, object]:
        """Return what there is in the end, as plain values: an image by its digest, and the commit of it."""
        return {"version": self.new, "commit": commit, "image": image, "tag": self.released}


def decide(project: Project, wanted: Wanted, facts: Facts) -> Plan:
    """Decide what to do."""
    chosen = gates.of(project, facts.new, facts.head.previous, wanted.skip, wanted.build)
    return Plan(wanted, facts, project.repository, tuple(chosen))
