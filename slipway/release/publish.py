"""Publishing: images pushed and read back, with all that says where they come from.

The commit's image comes first, and what is attached to it; the version last, so that who finds it finds all of it. Each
publication finds out whether it was done before: a second run goes on where the first one broke off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slipway.core.errors import Problem
from slipway.engine import images, registry
from slipway.project import semver, tags
from slipway.release import attach
from slipway.release.attempt import Attempt
from slipway.release.passed import Passed
from slipway.trust import cosign

UNMADE = "<commit>"  # stands for the commit before there is one: no longer than what a tag has of one
NO_ORAS = "left out: oras is not installed (https://oras.land)"


@dataclass(frozen=True)
class Publication:
    """A part of publishing: its name, what it does, and how; what that returns says more."""

    name: str
    what: str
    do: Callable[[Attempt, Passed], str]


def first(repository: str, version: str, commit: str, key: Path | None) -> list[Publication]:
    """Return what is done before anybody can find the version."""
    by_commit, tests = (f"{repository}:{name}" for name in (tags.of_commit(commit), tags.tests_of(version)))
    oras = registry.can_attach()
    bill, origin = "the bill of materials (CycloneDX), to the image", "the provenance (SLSA 1.0), not signed"
    parts = [
        Publication("push", by_commit, partial(_push, tag=by_commit)),
        Publication("attach", bill, attach.attach_sbom) if oras else Publication("attach", NO_ORAS, _nothing),
    ]
    if key:
        signed = f"the image and its provenance, for {key.name}"
        parts.append(Publication("sign", signed, partial(attach.sign, key=key)))
    elif oras:
        parts.append(Publication("attach", origin, attach.attach_provenance))
    return [*parts, Publication("push", tests, partial(_push, tag=tests, tests=True))]


def version(repository: str, version: str) -> Publication:
    """Return what publishes the version."""
    tag = f"{repository}:{version}"
    return Publication("push", tag, partial(_push, tag=tag))


def last(repository: str, version: str, commit: str, moving: Sequence[str], key: Path | None) -> list[Publication]:
    """Return what is done once the version is published.

    The moving tags follow, and all of them are looked at once more.
    """
    moved = [f"{repository}:{name}" for name in moving]
    listed = ", ".join([tags.of_commit(commit), version, *moving])
    verify = partial(_verify, leading=(version, *moving), key=key)
    pushes = [Publication("push", tag, partial(_push, tag=tag, moves=True)) for tag in moved]
    return [*pushes, Publication("verify", f"{listed}: one image", verify)]


def _nothing(attempt: Attempt, passed: Passed) -> str:
    return ""


def _push(attempt: Attempt, passed: Passed, tag: str, tests: bool = False, moves: bool = False) -> str:
    shell = attempt.home.shell
    mine = passed.tests if tests else passed.image
    if moves and (higher := _higher(attempt, tag)):
        return f"stays at {higher}, which is higher"
    found = registry.find(shell, tag)
    if found and found.is_image(mine):
        return f"{found.digest[:19]}, was there already"
    # The tests of a version that is not published yet are what a try that failed has left.
    if found and not moves and not (tests and not registry.find(shell, _tag(attempt, attempt.version))):
        raise Problem(registry.taken(tag))
    shell.output(images.tag_command(mine, tag))
    # A terminal's Ctrl-C is this process's to deal with, once it is known what became of this.
    status, _, said = shell.probe(images.push_command(tag), echo=True, apart=True)
    if status:
        raise Problem(registry.explain(said, tag))
    try:
        pushed = registry.find(shell, tag, echo=True)
    except Problem as problem:
        raise Problem(f"{problem.message}\n{tag} was pushed, and cannot be read back.") from None
    if not pushed or not pushed.is_image(mine):
        raise Problem(f"{tag} was pushed, and the registry has {pushed.digest if pushed else 'nothing'} there.")
    return pushed.digest[:19]


def _higher(attempt: Attempt, tag: str) -> str:
    # Somebody else may have released meanwhile.
    now = registry.version(attempt.home.shell, tag)
    return now if semver.is_version(now) and semver.parse(now) > semver.parse(attempt.version) else ""


def _verify(attempt: Attempt, passed: Passed, leading: tuple[str, ...], key: Path | None) -> str:
    named = attach.digest(attempt, passed)
    for name in leading:
        tag = _tag(attempt, name)
        found = registry.find(attempt.home.shell, tag)
        if (not found or found.digest != named.rpartition("@")[2]) and not _higher(attempt, tag):
            raise Problem(f"{name} leads to {found.digest if found else 'nothing'}, and not to {named}.")
    if key:
        cosign.verify(attempt.home.shell, key, named)
    return named.rpartition("@")[2]


def _tag(attempt: Attempt, name: str) -> str:
    return f"{attempt.home.project.repository}:{name}"
