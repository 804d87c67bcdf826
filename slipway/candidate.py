"""The image to deploy: this tree's, or one that has a tag."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway import image
from slipway.errors import Problem

if TYPE_CHECKING:
    from slipway.production import Production

# What is never published twice: a version, a commit's image, a digest.
FIXED = re.compile(r"(\d+\.\d+\.\d+|sha-[0-9a-f]{12}|.*-dev\.\d+-.*|.*@sha256:[0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Candidate:
    """An image on the engine: its reference, its id, and its digest in a registry ("" when it has none there)."""

    reference: str
    id: str
    digest: str
    labels: dict[str, str]
    user: str

    @property
    def schema(self) -> str:
        """The newest revisions that it knows, "" when it doesn't say."""
        return self.labels.get(image.SCHEMA, "")


def described(reference: str, facts: dict[str, Any]) -> Candidate:
    """Read what `docker image inspect` says of an image."""
    digests = [one.rpartition("@")[2] for one in facts.get("RepoDigests") or []]
    config = facts["Config"]
    return Candidate(
        reference,
        facts["Id"],
        digests[0] if digests else "",
        dict(config.get("Labels") or {}),
        config.get("User") or "0",
    )


def references(tag: str, repository: str, registry: str) -> list[str]:
    """Return what a --tag may mean, in the order in which it is looked for.

    `1.2.3` is this project's, on the engine and then in the registry; a reference with its repository is taken as it
    is.
    """
    if "/" in tag or ":" in tag or tag.startswith("sha256:"):
        return [tag]
    return [f"{repository}:{tag}", *([f"{registry}/{repository}:{tag}"] if registry else [])]


def inspect(production: "Production", reference: str) -> Candidate | None:
    """Return an image on the engine, or None."""
    status, out, _ = production.here.shell.probe(["docker", "image", "inspect", reference])
    return described(reference, json.loads(out)[0]) if not status else None


def wanted(production: "Production", tag: str) -> list[str]:
    """Return what is looked for: what a tag may mean, or this tree's image."""
    return references(tag, production.project.image, production.project.registry) if tag else [production.release]


def find(production: "Production", tag: str) -> Candidate | None:
    """Return the image that would be deployed, if it is on the engine already."""
    return next((found for one in wanted(production, tag) if (found := inspect(production, one))), None)


def is_called(production: "Production", image: Candidate, reference: str) -> bool:
    """Tell whether a reference means this image."""
    found = inspect(production, reference)
    return bool(found and found.id == image.id)


def get(production: "Production", tag: str) -> Candidate:
    """Have the image on the engine: built of this tree, or pulled.

    A tag that moves, like `latest`, is pulled anew. Raises Problem when there is none.
    """
    here = production.here
    if not tag:
        production.prepare()
        found = inspect(production, production.release)
        assert found  # noqa: S101
        return found
    names = wanted(production, tag)
    with here.steps.step("image") as step:
        found = find(production, tag)
        if found and (FIXED.fullmatch(tag.rpartition(":")[2]) or found.reference == names[0] != names[-1]):
            step.detail = f"{found.reference}, on the engine"
            return found
        status, _, said = here.shell.probe(["docker", "pull", "--quiet", names[-1]], echo=True)
        if not status:
            step.detail = f"{names[-1]}, pulled"
            pulled = inspect(production, names[-1])
            assert pulled  # noqa: S101
            return pulled
        if found:
            step.detail = f"{found.reference}, on the engine; it could not be pulled anew"
            return found
        where = " or ".join(names)
        raise Problem(
            f"{said.strip()}\nThere is no image {where}. Those of this engine: docker image ls "
            f"{production.project.image}. This tree's is built without --tag."
        )
