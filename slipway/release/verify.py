"""Whether an image in the registry is what its commit makes.

It is asked with nothing but the repository, the registry and the public key: on any machine.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import builder, client, images, references, registry
from slipway.engine.client import need_engine
from slipway.engine.registry import Manifest
from slipway.image import build, plan, reproduce
from slipway.image.archive import opened, saved
from slipway.image.build import Options
from slipway.project import lockfile, tags
from slipway.project.checkout import Checkout
from slipway.project.clone import clone, has, mark_command, tagged
from slipway.project.semver import git_tag
from slipway.trust import cosign, policy, provenance
from slipway.trust.provenance import Origin


@dataclass(frozen=True)
class Verified:
    """An image, by its digest, that is what its commit makes, and the key that says so, "" for none."""

    image: str
    origin: Origin
    key: str

    @property
    def line(self) -> str:
        """What is known, in a line."""
        signed = f", signed for {self.key}" if self.key else "; signatures were not looked at"
        return f"{self.image} is what {self.origin.commit} makes{signed}"

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        state = {"image": self.image, "version": self.origin.version, "commit": self.origin.commit}
        return {**state, "signed": bool(self.key), "sbom": self.origin.sbom, "gates": dict(self.origin.gates)}


def verify(checkout: Checkout, tag: str, options: Options, key: Path | None = None) -> Verified:
    """Build an image once more, and compare.

    From the commit that its provenance names, which has to be signed with `key`, or else with the project's, if it has
    one. Raises Problem when they are not the same, and when that cannot be told.
    """
    need_engine("inv verify", compose=False)
    project, shell, steps = checkout.project, checkout.shell, checkout.steps
    remote = tags.in_registry(tag, project.repository)
    if not remote:
        raise Problem("--tag is a tag in the registry of [tool.slipway], or a whole reference: inv verify --tag 1.2.3")
    key = cosign.readable(key, f"--key {key}: there is no such file.") if key else cosign.public_key(project)
    with steps.step("registry") as step:
        found = registry.find(shell, remote, echo=True)
        if not found:
            raise Problem(f"There is no {remote} in the registry.")
        step.detail = references.pinned(remote, found.digest)
    named = f"{references.name(remote)}@{found.digest}"
    check_platform(named, registry.platform(shell, named), client.platform(shell))
    with steps.step("provenance") as step:
        wanted = references.tag(remote)
        if key:
            origin = policy.check(shell, project.name, key, named, wanted)
        else:
            origin = attached(shell, project.name, named, wanted)
        step.detail = f"{origin.version} of {origin.commit[:12]}, {origin.builder}, {origin.ended}" + (
            f", signed for {key.name}" if key else ", not signed"
        )
    with steps.step("sbom") as step:
        step.detail = _sbom(shell, origin, named)
    _rebuild(checkout, origin, found, named, options)
    return Verified(named, origin, key.name if key else "")


def attached(shell: Shell, project: str, named: str, tag: str) -> Origin:
    """Return where an image says that it comes from.

    Without a signature. Raises Problem.
    """
    texts = registry.attached(shell, named, registry.STATEMENT)
    predicates = (predicate for text in texts for predicate in provenance.about(text, named))
    return policy.choose(policy.read(predicates), named, tag, project)


def check_platform(named: str, image: str, engine: str) -> None:
    """Check that an engine builds for the platform of an image; raises Problem.

    Takes the image's platform, "" when it has none or several, and the engine's.
    """
    if not image:
        raise Problem(
            f"{named} is not of one platform. inv release makes images of one: name such a one by its digest."
        )
    if image != engine:
        raise Problem(f"{named} is for {image}, and this engine builds for {engine}: verify it with one for {image}.")


def _sbom(shell: Shell, origin: Origin, named: str) -> str:
    # What is attached may be anybody's; the one that the provenance names by its hash is the release's.
    if not origin.sbom:
        return "none: the provenance names no bill of materials"
    texts = registry.attached(shell, named, registry.SBOM)
    if origin.sbom not in (hashlib.sha256(f"{text}\n".encode()).hexdigest() for text in texts):
        raise Problem(
            f"The bill of materials that the provenance of {named} names, sha256:{origin.sbom}, is not attached to it; "
            f"{len(texts) or 'no'} other is."
        )
    return f"attached as the provenance names it, sha256:{origin.sbom[:12]}"


def _rebuild(checkout: Checkout, origin: Origin, found: Manifest, named: str, options: Options) -> None:
    shell, steps = checkout.shell, checkout.steps
    again = f"{checkout.project.image}:verify-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as folder, contextlib.ExitStack() as undo:
        with steps.step("clone", origin.commit):
            there = _clone(checkout, origin, Path(folder) / "clone")
        image = plan.of(there.project, plan.read_tree(there))
        with steps.step("inputs", "build arguments, lock file and base image are the same"):
            if there.project.version != origin.version:
                raise Problem(
                    f"{origin.commit} is {there.project.version}, and the image is said to be {origin.version}."
                )
            if wrong := differences(origin, image.args, lockfile.sha256(there.root)):
                raise Problem("\n".join(f"  - {one}" for one in wrong) + f"\n{named} cannot be built again here.")
            on = undo.enter_context(_base(shell, origin))
        undo.callback(shell.probe, images.remove_command(again))
        with steps.step("again", "from that commit alone, without the cache"):
            anew = Options(options.secrets, no_cache=True)
            build.build(checkout, image, [again], options=[*anew.arguments, *on])
        with steps.step("verify") as step:
            step.detail = f"identical: {_compare(shell, found, named, again)}"


def _clone(checkout: Checkout, origin: Origin, target: Path) -> Checkout:
    if not has(checkout.shell, origin.commit):
        raise Problem(
            f"The commit {origin.commit} is not in this clone: git fetch --tags (--unshallow, if it is shallow)."
        )
    there = Checkout.at(clone(checkout.shell, target, origin.commit), checkout.steps)
    at = tagged(there.shell, origin.version)
    if not at:
        there.shell.output(mark_command(origin.version))
    elif at != origin.commit:
        raise Problem(f"{git_tag(origin.version)} is {at} here, and the image is said to be of {origin.commit}.")
    return there


@contextlib.contextmanager
def _base(shell: Shell, origin: Origin) -> Iterator[list[str]]:
    """Yield the options that let a build begin with the base image of then.

    What this engine calls by its name may be another one by now, and stays as it is. Raises Problem when the one of
    then is not to be had.
    """
    here = images.inspect(shell, origin.base)
    if here and origin.base_digest in here.identities:
        yield []
        return
    pinned = f"{references.name(origin.base)}@{origin.base_digest}"
    known = images.inspect(shell, pinned)
    status, _, said = (0, "", "") if known else shell.probe(images.pull_command(pinned), echo=True)
    if status:
        state = f"the {origin.base} of this engine is another one" if here else f"there is no {origin.base} here"
        raise Problem(
            f"{said.strip()}\nThe image was built on {pinned}: {state}, and that one could not be pulled. (If it had "
            f"no digest then, that is its id: bring the image, and call it {origin.base}.)"
        )
    try:
        yield builder.in_place_of(origin.base, pinned)
    finally:
        if not known:
            shell.attempt(images.remove_command(pinned))


def _compare(shell: Shell, found: Manifest, named: str, again: str) -> str:
    # Returns the digest of the configuration that both have, which names all layers by their content.
    if found.is_image(images.built_id(shell, again)):
        return found.config
    with saved(shell, again) as path, opened(path) as archive:
        if archive.id == found.config:  # this engine calls images by their manifests, which depend on compression
            return found.config
    known = images.inspect(shell, named)
    shell.output(images.pull_command(named), echo=True, failed=f"{named} is not what its commit makes.")
    try:
        said = reproduce.differing(shell, named, again)
    finally:
        if not known:
            shell.attempt(images.remove_command(named))
    raise Problem(f"{said}\n{named} is not what its commit makes.")


def differences(origin: Origin, arguments: Mapping[str, str], lock: str) -> list[str]:
    """Return what a build would start from otherwise.

    A line each. Takes the build arguments and the SHA-256 of the lock file.
    """
    names = sorted({*origin.arguments, *arguments})
    wrong = [
        f"the build argument {name} was {origin.arguments.get(name)!r} and is {arguments.get(name)!r}"
        + (" (git fetch --tags; --unshallow, if the clone is shallow)" if name == "PREVIOUS" else "")
        for name in names
        if origin.arguments.get(name) != arguments.get(name)
    ]
    if lock != origin.lock:
        wrong.append(f"{lockfile.NAME} is another one")
    return wrong
