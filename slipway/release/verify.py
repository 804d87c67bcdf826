"""Whether an image in the registry is what its commit makes."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import images, references, registry
from slipway.engine.client import need_engine
from slipway.engine.registry import Manifest
from slipway.image import build, plan, reproduce
from slipway.image.build import Options
from slipway.project import lockfile, tags
from slipway.project.checkout import Checkout
from slipway.project.clone import clone, has, mark_command, tagged
from slipway.project.semver import git_tag
from slipway.trust import cosign, policy, provenance
from slipway.trust.provenance import Origin


@dataclass(frozen=True)
class Verified:
    """An image, by its digest, that is what its commit makes, and whether what says so is signed."""

    image: str
    origin: Origin
    signed: bool

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        state = {"image": self.image, "version": self.origin.version, "commit": self.origin.commit}
        return {**state, "signed": self.signed, "gates": dict(self.origin.gates)}


def verify(checkout: Checkout, tag: str, options: Options) -> Verified:
    """Build an image once more, and compare.

    From the commit that its provenance names. Raises Problem when they are not the same, and when that cannot be told.
    """
    need_engine("inv verify")
    project, shell, steps = checkout.project, checkout.shell, checkout.steps
    remote = tags.in_registry(tag, project.repository)
    if not remote:
        raise Problem("--tag is a tag in the registry of [tool.slipway], or a whole reference: inv verify --tag 1.2.3")
    with steps.step("registry") as step:
        found = registry.find(shell, remote, echo=True)
        if not found:
            raise Problem(f"There is no {remote} in the registry.")
        step.detail = references.pinned(remote, found.digest)
    key = cosign.public_key(project)
    named = f"{references.name(remote)}@{found.digest}"
    with steps.step("provenance") as step:
        wanted = references.tag(remote)
        if key:
            origin = policy.check(shell, project.name, key, named, wanted)
        else:
            origin = attached(shell, project.name, named, wanted)
        step.detail = f"{origin.version} of {origin.commit[:12]}, {origin.builder}, {origin.ended}" + (
            f", signed for {key.name}" if key else ", not signed"
        )
    _rebuild(checkout, origin, found, named, options)
    return Verified(named, origin, bool(key))


def attached(shell: Shell, project: str, named: str, tag: str) -> Origin:
    """Return where an image says that it comes from.

    Without a signature. Raises Problem.
    """
    texts = registry.attached(shell, named, registry.STATEMENT)
    predicates = (predicate for text in texts for predicate in provenance.about(text, named))
    return policy.choose(policy.read(predicates), named, tag, project)


def _rebuild(checkout: Checkout, origin: Origin, found: Manifest, named: str, options: Options) -> None:
    shell, steps = checkout.shell, checkout.steps
    again = f"{checkout.project.image}:verify-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as folder:
        with steps.step("clone", origin.commit):
            there = _clone(checkout, origin, Path(folder) / "clone")
        image = plan.of(there.project, plan.read_tree(there))
        with steps.step("inputs", "build arguments, lock file and base image are the same"):
            if there.project.version != origin.version:
                raise Problem(
                    f"{origin.commit} is {there.project.version}, and the image is said to be {origin.version}."
                )
            base = images.inspect(shell, origin.base)
            bases = base.identities if base else []
            if wrong := differences(origin, image.args, lockfile.sha256(there.root), bases):
                raise Problem("\n".join(f"  - {one}" for one in wrong) + f"\n{named} cannot be built again here.")
        try:
            with steps.step("again", "from that commit alone, without the cache"):
                anew = Options(options.secrets, no_cache=True)
                build.build(checkout, image, [again], options=anew.arguments)
            with steps.step("verify") as step:
                step.detail = f"identical: {_compare(shell, found, named, again)}"
        finally:
            shell.probe(images.remove_command(again))


def _clone(checkout: Checkout, origin: Origin, target: Path) -> Checkout:
    if not has(checkout.shell, origin.commit):
        raise Problem(f"The commit {origin.commit} is not in this clone: git fetch --tags")
    there = Checkout.at(clone(checkout.shell, target, origin.commit), checkout.steps)
    at = tagged(there.shell, origin.version)
    if not at:
        there.shell.output(mark_command(origin.version))
    elif at != origin.commit:
        raise Problem(f"{git_tag(origin.version)} is {at} here, and the image is said to be of {origin.commit}.")
    return there


def _compare(shell: Shell, found: Manifest, named: str, again: str) -> str:
    # Returns the id of both.
    mine = images.built_id(shell, again)
    if found.is_image(mine):
        return mine
    shell.probe(images.pull_command(named), echo=True)
    said = reproduce.differing(shell, named, again) if found.config else "  - it is of several platforms"
    said = said or "  - the compression of their layers alone: another engine keeps images otherwise"
    raise Problem(f"{said}\n{named} is not what its commit makes.")


def differences(origin: Origin, arguments: Mapping[str, str], lock: str, bases: Sequence[str]) -> list[str]:
    """Return what a build would start from otherwise.

    A line each. Takes the build arguments, the SHA-256 of the lock file, and what the base image on the engine is
    known by.
    """
    names = sorted({*origin.arguments, *arguments})
    wrong = [
        f"the build argument {name} was {origin.arguments.get(name)!r} and is {arguments.get(name)!r}"
        for name in names
        if origin.arguments.get(name) != arguments.get(name)
    ]
    if lock != origin.lock:
        wrong.append(f"{lockfile.NAME} is another one")
    if origin.base_digest not in bases:
        wrong.append(other_base(origin.base, origin.base_digest, bases))
    return wrong


def other_base(name: str, digest: str, bases: Sequence[str]) -> str:
    """Return what to say of a base image that was known by a digest, and is known by others on this engine, or none."""
    pinned = f"{name.partition(':')[0]}@{digest}"
    here = f"the {name} of this engine is another one" if bases else f"there is no {name} here"
    return (
        f"{here}: docker pull {pinned}, then docker tag {pinned} {name} (if it had no digest then, that is its id, and "
        "it has to come from the engine where the release was built)"
    )
