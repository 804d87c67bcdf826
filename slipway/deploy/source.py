"""The image to deploy: this tree's, or one that has a tag."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway.core.errors import Problem
from slipway.engine import registry
from slipway.image import plan as image
from slipway.trust import cosign as signing
from slipway.trust import policy as trust

if TYPE_CHECKING:
    from slipway.deploy.compose.deployment import Production


# What is never published twice: a version, a commit's image, a digest.
FIXED = re.compile(r".*(:\d+\.\d+\.\d+|:sha-[0-9a-f]{12}|:.*-dev\.\d+-.*|@sha256:[0-9a-f]{64})", re.ASCII)
BY_NAME = "What is on the engine is deployed by its name there:"


@dataclass(frozen=True)
class Candidate:
    """An image on the engine.

    Its reference, its id, and its digest in a registry ("" when it has none there).
    """

    reference: str
    id: str
    digest: str
    labels: dict[str, str]
    user: str

    @property
    def version(self) -> str:
        """The version that it says to be, "" for none."""
        return self.labels.get(image.VERSION, "")

    @property
    def schema(self) -> str:
        """The newest revisions that it knows, "" when it doesn't say."""
        return self.labels.get(image.SCHEMA, "")


@dataclass(frozen=True)
class Source:
    """What is to be deployed.

    A reference; `tree` when it is this tree's image. `moving` is the tag by which a registry was asked, when that
    may mean another image tomorrow, and `version` what its provenance says ("" without a key).
    """

    reference: str
    tree: bool = False
    moving: str = ""
    version: str = ""


def described(reference: str, facts: dict[str, Any]) -> Candidate:
    """Read what `docker image inspect` says of an image."""
    digests = [one.rpartition("@")[2] for one in (reference, *(facts.get("RepoDigests") or [])) if "@" in one]
    config = facts["Config"]
    return Candidate(
        reference,
        facts["Id"],
        digests[0] if digests else "",
        dict(config.get("Labels") or {}),
        config.get("User") or "0",
    )


def in_registry(tag: str, repository: str) -> str:
    """Return what a --tag is called in a registry.

    "" for what only an engine has. `1.2.3` is this project's, whose `repository` is "" without a registry; a
    reference with its repository is taken as it is, and NAME:TAG is an image of the engine.
    """
    if "/" in tag:
        return tag
    return f"{repository}:{tag}" if repository and ":" not in tag else ""


def on_engine(tag: str, name: str) -> str:
    """Return what a --tag is called on the engine.

    This project's images have a plain `name` there.
    """
    return tag if "/" in tag or ":" in tag else f"{name}:{tag}"


def pinned(reference: str, digest: str) -> str:
    """Return a reference with its tag and its digest.

    The tag is for people, the digest is what counts.
    """
    return f"{reference.partition('@')[0]}@{digest}"


def inspect(production: "Production", reference: str) -> Candidate | None:
    """Return an image on the engine, or None."""
    status, out, _ = production.here.shell.probe(["docker", "image", "inspect", reference])
    return described(reference, json.loads(out)[0]) if not status else None


def is_called(production: "Production", image: Candidate, reference: str) -> bool:
    """Tell whether a reference means this image."""
    found = inspect(production, reference)
    return bool(found and found.id == image.id)


def resolve(production: "Production", tag: str) -> Source:
    """Decide what a --tag means, now; pull nothing.

    It is the registry's image, by its digest, or the engine's. Once the project names a key, what a registry has
    must be signed with it. Raises Problem when it isn't, and when nobody knows the tag.
    """
    here = production.here
    key = signing.public_key(here)
    if not tag:
        if key:
            here.steps.say("  unsigned   it is built on this engine, of this tree")
        return Source(production.release, tree=True)
    local, remote = on_engine(tag, here.project.image), in_registry(tag, here.project.repository)
    if remote:
        try:
            found = registry.find(here.shell, remote, echo=True)
        except Problem as problem:
            if key or not inspect(production, local):
                instead = f"\n{BY_NAME} --tag {local}" if local != remote else ""
                raise Problem(f"{problem.message}{instead}") from None
            here.steps.say(f"  {str(problem.message).splitlines()[-1]}")
            return Source(local)
        if found:
            reference, version = pinned(remote, found.digest), ""
            if key:
                with here.steps.step("signature") as step:
                    named = f"{registry.name(remote)}@{found.digest}"
                    origin = trust.check(here, key, named, registry.tag(remote))
                    step.detail, version = trust.line(origin, key), origin.version
            moving = "" if FIXED.fullmatch(remote) else registry.tag(remote)
            return Source(reference, moving=moving, version=version)
        if key:  # what is on the engine under the same name was signed by nobody
            instead = f" {BY_NAME} --tag {local}" if local != remote else ""
            raise Problem(f"There is no {remote} in the registry. What was released: git tag.{instead}")
    if not inspect(production, local):
        where = " or ".join(dict.fromkeys(filter(None, (local, remote))))
        raise Problem(
            f"There is no image {where}. Those of this engine: docker image ls {here.project.image}. This tree's is "
            "built without --tag."
        )
    if key:
        here.steps.say("  unsigned   it is an image of this engine, which nobody has signed")
    return Source(local)


def get(production: "Production", source: Source) -> Candidate:
    """Have the image on the engine.

    It is built of this tree, or pulled by its digest. Raises Problem.
    """
    here = production.here
    if source.tree:
        production.prepare()
    else:
        with here.steps.step("image") as step:
            where = "on the engine"
            if not inspect(production, source.reference):
                status, _, said = here.shell.probe(["docker", "pull", "--quiet", source.reference], echo=True)
                if status:
                    raise Problem(registry.explain(said, source.reference))
                where = "pulled"
            step.detail = f"{source.reference}, {where}"
    found = inspect(production, source.reference)
    if not found:
        raise Problem(f"{source.reference} is gone from the engine meanwhile: run this again.")
    return found
