"""`inv verify`: whether an image in the registry is what its commit makes."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.deploy import source as candidate
from slipway.engine import registry
from slipway.engine.registry import Manifest
from slipway.image import plan as image
from slipway.image import reproduce as verifying
from slipway.image.build import Options
from slipway.project.config import load
from slipway.release.attempt import clone, tagged
from slipway.runtime import choose as runtime
from slipway.trust import cosign as signing
from slipway.trust import policy as trust
from slipway.trust import provenance
from slipway.trust.provenance import Origin
from slipway.verbs.session import Lifecycle


def verify(here: Lifecycle, tag: str, build: Options, as_json: bool) -> None:
    """Build an image once more, and compare.

    From the commit that its provenance names; prints what it is. Raises Problem when they are not the same, and
    when that cannot be told.
    """
    runtime.need_engine("inv verify")
    remote = candidate.in_registry(tag, here.project.repository)
    if not remote:
        raise Problem("--tag is a tag in the registry of [tool.slipway], or a whole reference: inv verify --tag 1.2.3")
    with here.steps.step("registry") as step:
        found = registry.find(here.shell, remote, echo=True)
        if not found:
            raise Problem(f"There is no {remote} in the registry.")
        step.detail = candidate.pinned(remote, found.digest)
    key = signing.public_key(here)
    named = f"{registry.name(remote)}@{found.digest}"
    with here.steps.step("provenance") as step:
        wanted = registry.tag(remote)
        origin = trust.check(here, key, named, wanted) if key else attached(here, named, wanted)
        step.detail = f"{origin.version} of {origin.commit[:12]}, {origin.builder}, {origin.ended}" + (
            f", signed for {key.name}" if key else ", not signed"
        )
    _rebuild(here, origin, found, named, build)
    if as_json:
        state = {"image": named, "version": origin.version, "commit": origin.commit, "signed": bool(key)}
        sys.stdout.write(json.dumps(state | {"gates": dict(origin.gates)}, indent=2) + "\n")
    else:
        sys.stdout.write(f"{named} is what {origin.commit} makes\n")


def attached(here: Lifecycle, named: str, tag: str) -> Origin:
    """Return where an image says that it comes from.

    Without a signature. Raises Problem.
    """
    texts = registry.attached(here.shell, named, registry.STATEMENT)
    predicates = (predicate for text in texts for predicate in provenance.about(text, named))
    return trust.choose(trust.read(predicates), named, tag, here.project.name)


def _rebuild(here: Lifecycle, origin: Origin, found: Manifest, named: str, build: Options) -> None:
    again = f"{here.project.image}:verify-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as folder:
        with here.steps.step("clone", origin.commit):
            tree = _clone(here, origin, Path(folder) / "clone")
        project = load(tree)
        built = image.of(project, image.read_tree(project, Shell(tree, here.steps)))
        with here.steps.step("inputs", "build arguments, lock file and base image are the same"):
            identities = provenance.identities(here.shell, origin.base)
            if project.version != origin.version:
                raise Problem(f"{origin.commit} is {project.version}, and the image is said to be {origin.version}.")
            if found_wrong := differences(origin, built.args, provenance.sha256(tree / "poetry.lock"), identities):
                raise Problem("\n".join(f"  - {one}" for one in found_wrong) + f"\n{named} cannot be built again here.")
        try:
            with here.steps.step("again", "from that commit alone, without the cache"):
                options = Options(build.secrets, no_cache=True).arguments
                image.build(here, built, [again], options=options)
            with here.steps.step("verify") as step:
                mine = image.built_id(here.shell, again)
                if not found.is_image(mine):
                    here.shell.probe(["docker", "pull", "--quiet", named], echo=True)
                    said = verifying.differing(here, named, again) if found.config else "  - it is of several platforms"
                    said = said or "  - the compression of their layers alone: another engine keeps images otherwise"
                    raise Problem(f"{said}\n{named} is not what its commit makes.")
                step.detail = f"identical: {mine}"
        finally:
            here.shell.probe(["docker", "image", "rm", again])


def _clone(here: Lifecycle, origin: Origin, target: Path) -> Path:
    if here.shell.probe(["git", "cat-file", "-e", f"{origin.commit}^{{commit}}"])[0]:
        raise Problem(f"The commit {origin.commit} is not in this clone: git fetch --tags")
    tree = clone(here.shell, target, origin.commit)
    tag, there = f"v{origin.version}", Shell(tree, here.steps)
    at = tagged(there, origin.version)
    if not at:
        there.output(["git", "tag", tag])
    elif at != origin.commit:
        raise Problem(f"{tag} is {at} here, and the image is said to be of {origin.commit}.")
    return tree


def differences(origin: Origin, arguments: Mapping[str, str], lock: str, bases: list[str]) -> list[str]:
    """Return what a build would start from otherwise.

    A line each. Takes the build arguments, the SHA-256 of poetry.lock, and what the base image on the engine is
    known by.
    """
    names = sorted({*origin.arguments, *arguments})
    wrong = [
        f"the build argument {name} was {origin.arguments.get(name)!r} and is {arguments.get(name)!r}"
        for name in names
        if origin.arguments.get(name) != arguments.get(name)
    ]
    if lock != origin.lock:
        wrong.append("poetry.lock is another one")
    if origin.base_digest not in bases:
        pinned = f"{origin.base.partition(':')[0]}@{origin.base_digest}"
        here = f"the {origin.base} of this engine is another one" if bases else f"there is no {origin.base} here"
        wrong.append(
            f"{here}: docker pull {pinned}, then docker tag {pinned} {origin.base} (if it had no digest then, "
            "that is its id, and it has to come from the engine where the release was built)"
        )
    return wrong
