"""What is true of a checkout, and of the registry, before it is released."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.steps import Step, Steps
from slipway.project import branch
from slipway.project.checkout import Checkout
from slipway.release import checks
from slipway.release.checks import Head, Published, Upstream, Version
from slipway.release.passed import Passed
from slipway.release.wanted import Wanted


@dataclass(frozen=True)
class Facts:
    """All that is known before a release: `notes` is what the changelog gets, `key` is what images are signed for.

    `passed` is an earlier try that is to be finished.
    """

    head: Head
    new: str
    notes: str = ""
    moving: tuple[str, ...] = ()
    done: bool = False
    key: Path | None = None
    passed: Passed | None = None


class Lines:
    """Checks in a row, each with its line: what fails is noted, and the next one follows."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.reasons: list[str] = []

    @contextlib.contextmanager
    def line(self, name: str) -> Iterator[Step]:
        """Time a check; note why nothing can be released when it raises Problem."""
        try:
            with self.steps.step(name) as step:
                yield step
        except Problem as problem:
            self.reasons.append(str(problem.message))


def look(checkout: Checkout, wanted: Wanted) -> Facts:
    """Look at everything, a line each.

    Raises Problem, all reasons at once, when this tree cannot be released.
    """
    shell, lines = checkout.shell, Lines(checkout.steps)
    head: Head | None = None
    upstream, version, published = Upstream(), Version(), Published()
    notes, key = "", None
    with lines.line("tree") as line:
        head = checks.read_head(checkout, wanted)
        line.detail = checks.clean(shell, head)
        checks.tagged_already(head, wanted)
    if not head:  # git says nothing of this folder
        raise Problem(lines.reasons[0])
    if head.tree.commit:
        with lines.line("branch") as line:
            upstream = checks.follow(shell, head, checkout.project.release.branch)
            line.detail = checks.level(shell, head, upstream)
        known = branch.versions(shell) | upstream.versions
        with lines.line("version") as line:
            version, line.detail = checks.number(checkout, wanted, head, known)
        if version.new:  # else it would be asked of no version
            with lines.line("changelog") as line:
                written = head.released or bool(version.passed(head, wanted))
                notes, line.detail = checks.changes(checkout, version.new, written)
            with lines.line("registry") as line:
                published, line.detail = checks.free(checkout, wanted, head, version, known)
        needless = "it is released" if published.done else wanted.unpublished
        with lines.line("signing") as line:
            if wanted.save:  # there need be neither key nor cosign
                line.detail = f"not needed: {needless}"
            else:
                key, line.detail = checks.signature(checkout, needless)
    if lines.reasons:
        raise Problem("Nothing can be released:\n" + "\n".join(f"  - {reason}" for reason in lines.reasons))
    passed = version.passed(head, wanted, published.found)
    return Facts(head, version.new, notes, published.moving, published.done, key, passed)
