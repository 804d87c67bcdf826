"""Whether an image in a registry may be deployed: signed, and made of what its tag says."""

from collections.abc import Iterable
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.project import tags
from slipway.trust import cosign, provenance
from slipway.trust.provenance import Origin


def check(shell: Shell, project: str, key: Path, image: str, tag: str) -> Origin:
    """Return where an image of a project, named by its digest, comes from.

    Raises Problem unless it is signed with the key, and has a provenance that is, of the version or commit that `tag`
    names. Nothing is pulled for that.
    """
    cosign.verify(shell, key, image)
    return choose(read(cosign.provenances(shell, key, image)), image, tag, project)


def read(predicates: Iterable[dict[str, object]]) -> list[Origin]:
    """Return the origins of predicates.

    Without those that another tool has made.
    """
    found = []
    for one in predicates:
        try:
            found.append(provenance.origin(one))
        except ValueError:
            continue
    return found


def choose(origins: Iterable[Origin], image: str, tag: str, project: str) -> Origin:
    """Return the origin that fits project and tag.

    What is signed may be another service or version. Raises Problem when none does.
    """
    found = list(origins)
    for origin in found:
        if tags.may_mean(tag, origin.version, origin.commit) and origin.arguments.get("TITLE") == project:
            return origin
    names = (f"{one.arguments.get('TITLE')} {one.version} of {one.commit[:12]}" for one in found)
    said = ", ".join(names) or "nothing that inv release has written"
    raise Problem(f"{image} is called {tag}, and its provenance says {said}.")


def line(origin: Origin, key: Path) -> str:
    """Say in a line what is known."""
    skipped = [name for name, how in origin.gates.items() if not how.startswith("passed")]
    without = f"; not passed: {', '.join(skipped)}" if skipped else ""
    return f"{origin.version} of {origin.commit[:12]}, signed for {key.name}{without}"
