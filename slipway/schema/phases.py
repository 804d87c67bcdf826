"""Which revisions may be applied while a release is live."""

from collections.abc import Sequence
from dataclasses import dataclass, field

PHASES = ("expand", "contract")


@dataclass(frozen=True)
class Revision:
    """One migration, as its file says. `phase` is "" when it names none."""

    id: str
    message: str = ""
    phase: str = ""
    ignores: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Live:
    """A release that runs: its name, and the revisions that it knows (None when it doesn't say)."""

    name: str
    knows: frozenset[str] | None


@dataclass(frozen=True)
class Decision:
    """What is applied now, what waits for `--contract`, and why not more ("" when that is in order)."""

    apply: tuple[Revision, ...]
    wait: tuple[Revision, ...] = ()
    refused: str = ""


def decide(pending: Sequence[Revision], live: Sequence[Live], contract: bool) -> Decision:
    """Decide what of the pending revisions, oldest first, may be applied.

    Without a live release, all of it. Otherwise what comes before the first revision that takes something away; with
    `contract` everything, unless a live release doesn't know a revision that takes something away.
    """
    first = next((i for i, revision in enumerate(pending) if revision.phase != "expand"), len(pending))
    if not live or first == len(pending):
        return Decision(tuple(pending))
    if contract:
        for revision in pending:
            if not revision.phase:
                return Decision((), tuple(pending), _says_nothing(revision, live[0]))
            for release in live:
                if revision.phase != "expand" and (release.knows is None or revision.id not in release.knows):
                    return Decision((), tuple(pending), _needs_the_old(release, revision))
        return Decision(tuple(pending))
    apply, wait = tuple(pending[:first]), tuple(pending[first:])
    if not wait[0].phase:
        return Decision(apply, wait, _says_nothing(wait[0], live[0]))
    if later := next((revision for revision in wait if revision.phase == "expand"), None):
        names = " and ".join(release.name for release in live)
        return Decision(
            apply,
            wait,
            f"{later.id} is needed by this release, and comes after {wait[0].id}, which takes away what {names} may "
            "need. Once a release that knows it runs: ./inv migrate --contract",
        )
    return Decision(apply, wait)


def _needs_the_old(release: Live, revision: Revision) -> str:
    says = "doesn't say which revisions it knows" if release.knows is None else f"doesn't know {revision.id}"
    return (
        f"{revision.id} takes something away, and {release.name}, which is live, {says}: it may need it. Replace it "
        "by a release that holds the revision, then: ./inv migrate --contract"
    )


def _says_nothing(revision: Revision, release: Live) -> str:
    return (
        f'{revision.id} doesn\'t say its phase, and {release.name} is live. Write into it: phase = "expand" when it '
        'only adds, phase = "contract" when it takes something away; then run this again.'
    )
