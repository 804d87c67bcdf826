"""Whether an image in a registry may be deployed: signed, and made of what its tag says."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.core.errors import Problem
from slipway.trust import cosign as signing
from slipway.trust import provenance
from slipway.trust.provenance import Origin

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle


def check(here: "Lifecycle", key: Path, image: str, tag: str) -> Origin:
    """Return where an image, named by its digest, comes from.

    Raises Problem unless it is signed with the key, and has a provenance that is, of the version or commit that `tag`
    names. Nothing is pulled for that.
    """
    signing.verify(here, key, image)
    return choose(read(signing.provenances(here, key, image)), image, tag, here.project.name)


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
        if fits(origin, tag) and origin.arguments.get("TITLE") == project:
            return origin
    names = (f"{one.arguments.get('TITLE')} {one.version} of {one.commit[:12]}" for one in found)
    said = ", ".join(names) or "nothing that inv release has written"
    raise Problem(f"{image} is called {tag}, and its provenance says {said}.")


def fits(origin: Origin, tag: str) -> bool:
    """Tell whether a tag may mean an origin.

    X.Y.Z, X.Y, X and sha-... do, when they are its; any other is anybody's.
    """
    if re.fullmatch(r"\d+(\.\d+){0,2}", tag, re.ASCII):
        return f"{origin.version}.".startswith(f"{tag}.")
    if re.fullmatch(r"sha-[0-9a-f]{12}", tag):
        return origin.commit.startswith(tag.removeprefix("sha-"))
    return True


def line(origin: Origin, key: Path) -> str:
    """Say in a line what is known."""
    skipped = [name for name, how in origin.gates.items() if not how.startswith("passed")]
    without = f"; not passed: {', '.join(skipped)}" if skipped else ""
    return f"{origin.version} of {origin.commit[:12]}, signed for {key.name}{without}"
