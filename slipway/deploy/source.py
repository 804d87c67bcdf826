"""The image to deploy: this tree's, or one that has a tag."""

from dataclasses import dataclass, replace
from pathlib import Path

from slipway.core.errors import Problem
from slipway.engine import references, registry
from slipway.engine.images import EngineImage
from slipway.engine.registry import Manifest
from slipway.project import formats, labels, semver, tags
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment, predecessor
from slipway.runtime.releases import Images, Releases
from slipway.trust import cosign, policy

NO_RELEASE = "No release is live. To start one: ./inv deploy"
RELEASE_FIRST = "To release this tree: ./inv release"
BY_NAME = "What is on the engine is deployed by its name there:"


@dataclass(frozen=True)
class Candidate:
    """An image on the engine that may be deployed.

    Its reference, its id, and its digest in a registry ("" when it has none there).
    """

    reference: str
    id: str
    digest: str
    version: str = ""
    schema: str = ""
    user: str = "0"
    format: str = ""

    @classmethod
    def of(cls, reference: str, image: EngineImage) -> "Candidate":
        """Read what it says of itself: its version, and the newest revisions that it knows ("" for neither)."""
        digests = [*filter(None, [references.digest(reference)]), *image.digests]
        said = image.labels
        version, schema = said.get(labels.VERSION, ""), said.get(labels.SCHEMA, "")
        format_ = said.get(labels.FORMAT, "")
        return cls(reference, image.id, digests[0] if digests else "", version, schema, image.user, format_)

    def check(self) -> "Candidate":
        """Return it, where this Slipway knows how to start it; raises Problem."""
        formats.check(self.format, formats.IMAGE, f"The image {self.reference}")
        return self


@dataclass(frozen=True)
class Source:
    """What is to be deployed.

    A reference; `tree` when it is this tree's image. `moving` is the tag by which a registry was asked, when that
    may mean another image tomorrow, and `version` what its provenance says ("" without a key). `live_in` is the
    environment that it was taken from, "" for none.
    """

    reference: str
    tree: bool = False
    moving: str = ""
    version: str = ""
    live_in: str = ""


def find(images: Images, reference: str) -> Candidate | None:
    """Return an image on the engine, or None."""
    image = images.find(reference)
    return Candidate.of(reference, image) if image else None


def is_called(images: Images, image: Candidate, reference: str) -> bool:
    """Tell whether a reference means this image."""
    found = images.find(reference)
    return bool(found and found.id == image.id)


def called(images: Images, image: Candidate, reference: str) -> Candidate:
    """Return an image by a reference, if that means it; else as it is called already."""
    return replace(image, reference=reference) if is_called(images, image, reference) else image


def need(deployment: Deployment) -> None:
    """Raise Problem where nothing was ever deployed; whoever takes the lock there leaves a trace of one."""
    releases = deployment.releases
    if not releases.all() and not releases.remembered().ledger:
        raise Problem(nothing(deployment))


def nothing(deployment: Deployment) -> str:
    """Say that no release is live where nothing was deployed: it may run with another runtime."""
    before = deployment.before()
    return (
        f"No release is live on the Swarm: it {predecessor.still(before)}. {predecessor.HOW}" if before else NO_RELEASE
    )


def live(releases: Releases) -> tuple[Source, Candidate]:
    """Return the image of the live release, which is on the engine; raises Problem."""
    one = releases.live()
    if not one:
        raise Problem(NO_RELEASE)
    found = find(releases.images, one.image_id)
    if not found:
        raise Problem(f"The image {one.image} is gone from the engine. Build or push it, then: ./inv deploy --tag TAG")
    image = called(releases.images, found, one.image)
    return Source(image.reference), image.check()


@dataclass(frozen=True)
class Elsewhere:
    """The image that is live in another environment.

    Its reference and id there, and what it is called in a registry, by its digest ("" for an image of that engine).
    """

    environment: str
    reference: str
    id: str
    pinned: str = ""


def elsewhere(releases: Releases, environment: str, repository: str) -> Elsewhere:
    """Return the image that is live in another environment; raises Problem when none is."""
    source, image = live(releases)
    found = releases.images.find(image.id)
    there = [one for one in (found.pinned if found else ()) if references.name(one) == repository]
    pinned = source.reference if references.digest(source.reference) else next(iter(there), "")
    return Elsewhere(environment, source.reference, image.id, pinned)


def take(checkout: Checkout, images: Images, image: Elsewhere) -> Source:
    """Decide how this engine comes to the very image that is live elsewhere; pull nothing.

    It is here already, or a registry has it by its digest: with a key, signed. Raises Problem when neither is.
    """
    key, found = cosign.public_key(checkout.project), find(images, image.id)
    if found and not (key and image.pinned):
        _say_unsigned(checkout, key, "it is an image of this engine, which nobody has signed")
        return Source(called(images, found, image.reference).reference, live_in=image.environment)
    there = registry.find(checkout.shell, image.pinned, echo=True) if image.pinned else None
    if not there:
        where = f"the registry has no {image.pinned} any more" if image.pinned else "it is in no registry"
        raise Problem(
            f"{image.reference}, which is live in {image.environment}, is not on this engine, and {where}: it cannot "
            f"be taken from there. Release it (./inv release), deploy that to {image.environment}, then run this again."
        )
    return replace(of_registry(checkout, key, image.pinned, there), moving="", live_in=image.environment)


def resolve(checkout: Checkout, deployment: Deployment, tag: str, elsewhere: Elsewhere | None = None) -> Source:
    """Decide what a --tag means, now, or which image is the one that is live `elsewhere`; pull nothing.

    It is the registry's image, by its digest, or the engine's. Once the project names a key, what a registry has
    must be signed with it. Raises Problem when it isn't, and when nobody knows the tag.
    """
    project, images = checkout.project, deployment.releases.images
    if elsewhere:
        return take(checkout, images, elsewhere)
    key = cosign.public_key(project)
    if not tag:
        _say_unsigned(checkout, key, "it is built on this engine, of this tree")
        return Source(deployment.service.release, tree=True)
    local, remote = tags.on_engine(tag, project.image), tags.in_registry(tag, project.repository)
    instead = f"{BY_NAME} --tag {local}" if local != remote and not deployment.pulls else ""
    if remote:
        try:
            found = registry.find(checkout.shell, remote, echo=True)
        except Problem as problem:
            if key or deployment.pulls or not images.find(local):
                raise Problem(f"{problem.message}\n{instead}".rstrip()) from None
            checkout.steps.say(f"  {str(problem.message).splitlines()[-1]}")
            return Source(local)
        if found:
            return of_registry(checkout, key, remote, found)
        if key:  # what is on the engine under the same name was signed by nobody
            told = f"There is no {remote} in the registry. What was released: git tag. {instead}"
            raise Problem(told.rstrip())
    if not images.find(local):
        if deployment.pulls and remote:
            raise Problem(f"There is no {remote} in the registry. What was released: git tag. {RELEASE_FIRST}")
        where = " or ".join(dict.fromkeys(filter(None, (local, remote))))
        raise Problem(
            f"There is no image {where}. Those of this engine: docker image ls {project.image}. This tree's is "
            "built without --tag."
        )
    _say_unsigned(checkout, key, "it is an image of this engine, which nobody has signed")
    return Source(local)


def _say_unsigned(checkout: Checkout, key: Path | None, why: str) -> None:
    if key:
        checkout.steps.note("unsigned", why)


def of_registry(checkout: Checkout, key: Path | None, remote: str, found: Manifest) -> Source:
    """Return what a registry has by its digest: with a key, signed. Raises Problem when it isn't."""
    version, tag = "", references.tag(remote)
    if key:
        with checkout.steps.step("signature") as step:
            named = f"{references.name(remote)}@{found.digest}"
            origin = policy.check(checkout.shell, checkout.project.name, key, named, tag)
            step.detail, version = policy.line(origin, key), origin.version
    moving = "" if tags.is_fixed(remote) else tag
    return Source(references.pinned(remote, found.digest), moving=moving, version=version)


def get(checkout: Checkout, deployment: Deployment, source: Source) -> Candidate:
    """Have the image on the engine.

    It is built of this tree, or pulled by its digest. Raises Problem.
    """
    images = deployment.releases.images
    if source.tree:
        deployment.service.prepare()
    else:
        with checkout.steps.step("image") as step:
            where = "on the engine"
            if not images.find(source.reference):
                images.pull(source.reference)
                where = "pulled"
            step.detail = f"{source.reference}, {where}"
    found = find(images, source.reference)
    if not found:
        raise Problem(f"{source.reference} is gone from the engine meanwhile: run this again.")
    return found.check()


def refuse_backwards(releases: Releases, found: Source, image: Candidate | None) -> None:
    """Raise Problem when a tag that moves, like latest, leads to an older version than the live one."""
    live = releases.live() if found.moving else None
    if not live:
        return
    then, now = found.version or (image.version if image else ""), live.labels.get(labels.VERSION, "")
    if semver.is_version(then) and semver.is_version(now) and semver.parse(then) < semver.parse(now):
        raise Problem(
            f"{found.moving} leads to {then}, which is older than {now}, the live one. If that is meant, name it: "
            f"./inv deploy --tag {then}"
        )
