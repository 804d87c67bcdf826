"""Publishing: images pushed and read back, with all that says where they come from.

The commit's image comes first, and what is attached to it; the version last, so that who finds it finds all of it. Each
step finds out whether it was done before: a second run goes on where the first one broke off.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slipway.core.errors import Problem
from slipway.engine import registry
from slipway.engine.registry import Manifest
from slipway.image import arguments as buildargs
from slipway.image import base as variants
from slipway.image import inspect as inspecting
from slipway.image import plan as image
from slipway.image import sbom
from slipway.project.revisions import caller
from slipway.project.tree import is_version, parse
from slipway.release.attempt import Attempt
from slipway.trust import cosign as signing
from slipway.trust import provenance
from slipway.trust.provenance import Origin


@dataclass(frozen=True)
class Step:
    """One step.

    Its name, and what it does (`{commit}` stands for the commit's first twelve digits).
    """

    name: str
    what: str
    do: Callable[[Attempt], str]

    def planned(self) -> str:
        """Return what it does, before there is a commit."""
        return self.what.replace("{commit}", "<commit>")

    def named(self, attempt: Attempt) -> str:
        """Return what it does."""
        return self.what.replace("{commit}", attempt.commit[:12])


def first(repository: str, version: str, key: Path | None) -> list[Step]:
    """Return the steps before anybody can find the version."""
    by_commit = f"{repository}:sha-{{commit}}"
    oras = bool(shutil.which("oras"))
    missing = "left out: oras is not installed (https://oras.land)"
    sbom, origin = "the bill of materials (CycloneDX), to the image", "the provenance (SLSA 1.0), not signed"
    steps = [
        Step("push", by_commit, partial(_push, name="sha-{commit}")),
        Step("attach", sbom, _attach_sbom) if oras else Step("attach", missing, lambda _: ""),
    ]
    if key:
        steps.append(Step("sign", f"the image and its provenance, for {key.name}", partial(_sign, key=key)))
    elif oras:
        steps.append(Step("attach", origin, _attach_provenance))
    return [*steps, Step("push", f"{repository}:{version}-test", partial(_push, name=f"{version}-test"))]


def version(repository: str, version: str) -> Step:
    """Return the step that publishes."""
    return Step("push", f"{repository}:{version}", partial(_push, name=version))


def last(repository: str, version: str, moving: tuple[str, ...], key: Path | None) -> list[Step]:
    """Return the steps after the version is published.

    The moving tags follow, and all of them are looked at once more.
    """
    pushes = [Step("push", f"{repository}:{name}", partial(_push, name=name, moves=True)) for name in moving]
    names = ", ".join(["sha-{commit}", version, *moving])
    return [*pushes, Step("verify", f"{names}: one image", partial(_verify, names=(version, *moving), key=key))]


def _found(attempt: Attempt, name: str) -> Manifest | None:
    return registry.find(attempt.here.shell, f"{attempt.here.project.repository}:{name}")


def _push(attempt: Attempt, name: str, moves: bool = False) -> str:
    here, shell = attempt.here, attempt.here.shell
    name = name.replace("{commit}", attempt.commit[:12])
    tag = f"{here.project.repository}:{name}"
    tests = name == f"{attempt.version}-test"
    mine = attempt.tests if tests else attempt.image
    if moves and (higher := _higher(attempt, name)):
        return f"stays at {higher}, which is higher"
    found = registry.find(shell, tag)
    if found and found.is_image(mine):
        return f"{found.digest[:19]}, was there already"
    # The tests of a version that is not published yet are what a try that failed has left.
    if found and not moves and not (tests and not _found(attempt, attempt.version)):
        raise Problem(registry.taken(tag))
    shell.output(["docker", "tag", mine, tag])
    # A terminal's Ctrl-C is this process's to deal with, once it is known what became of this.
    status, _, said = shell.probe(["docker", "push", "--quiet", tag], echo=True, apart=True)
    if status:
        raise Problem(registry.explain(said, tag))
    try:
        pushed = registry.find(shell, tag, echo=True)
    except Problem as problem:
        raise Problem(f"{problem.message}\n{tag} was pushed, and cannot be read back.") from None
    if not pushed or not pushed.is_image(mine):
        raise Problem(f"{tag} was pushed, and the registry has {pushed.digest if pushed else 'nothing'} there.")
    return pushed.digest[:19]


def _higher(attempt: Attempt, name: str) -> str:
    # Somebody else may have released meanwhile.
    now = registry.version(attempt.here.shell, f"{attempt.here.project.repository}:{name}")
    return now if is_version(now) and parse(now) > parse(attempt.version) else ""


def digest(attempt: Attempt) -> str:
    """Return the image with its digest in the registry.

    Raises Problem.
    """
    repository = attempt.here.project.repository
    found = _found(attempt, f"sha-{attempt.commit[:12]}")
    if not found or not found.is_image(attempt.image):
        raise Problem(f"{repository}:sha-{attempt.commit[:12]} is not in the registry as it was pushed.")
    return f"{repository}@{found.digest}"


def _verify(attempt: Attempt, names: tuple[str, ...], key: Path | None) -> str:
    named = digest(attempt)
    for name in names:
        found = _found(attempt, name)
        if (not found or found.digest != named.rpartition("@")[2]) and not _higher(attempt, name):
            raise Problem(f"{name} leads to {found.digest if found else 'nothing'}, and not to {named}.")
    if key:
        signing.verify(attempt.here, key, named)
    return named.rpartition("@")[2]


# What is attached


def _sbom(attempt: Attempt) -> Path:
    # In the attempt's folder: the same file each time.
    here = attempt.here
    built = inspecting.read(here, attempt.tag)
    file = attempt.folder / f"{here.project.image}-{attempt.version}.cdx.json"
    if not file.exists():
        file.write_text(sbom.sbom(built, inspecting.contents(here, attempt.tag)), encoding="utf-8")
    return file


def _attach(attempt: Attempt, kind: str, file: Path) -> str:
    created = inspecting.read(attempt.here, attempt.tag).created
    command = registry.attach_command(digest(attempt), kind, file, created)
    status, _, said = attempt.here.shell.probe(command, cwd=file.parent, echo=True)
    if status:
        raise Problem(registry.explain(said, attempt.here.project.repository))
    return ""


def _attach_sbom(attempt: Attempt) -> str:
    return _attach(attempt, registry.SBOM, _sbom(attempt))


def _attach_provenance(attempt: Attempt) -> str:
    named = digest(attempt)
    repository, _, found = named.partition("@")
    statement = provenance.statement(json.loads(_provenance(attempt).read_text(encoding="utf-8")), repository, found)
    file = attempt.folder / "statement.json"
    file.write_text(json.dumps(statement, indent=2) + "\n", encoding="utf-8")
    return _attach(attempt, registry.STATEMENT, file)


def _sign(attempt: Attempt, key: Path) -> str:
    here, named = attempt.here, digest(attempt)
    signing.sign(here, named)
    try:
        known = signing.provenances(here, key, named)
    except Problem:
        known = []  # cosign says the same of none and of a registry that is away
    if not known:  # one is enough
        signing.attest(here, named, _provenance(attempt))
    signing.verify(here, key, named)
    return ""


def _provenance(attempt: Attempt) -> Path:
    # Written once: its times are those of the gates.
    file = attempt.folder / "provenance.json"
    if not file.exists():
        file.write_text(json.dumps(provenance.predicate(_origin(attempt)), indent=2) + "\n", encoding="utf-8")
    return file


def _origin(attempt: Attempt) -> Origin:
    here, project = attempt.here, attempt.project
    built = image.of(project, image.read_tree(project, attempt.shell))
    engine = here.shell.probe(["docker", "version", "--format", "{{.Server.Version}}"])[1]
    buildx = here.shell.probe(["docker", "buildx", "version"])[1].split()
    source = project.source if not buildargs.has_login(project.source) else ""
    return Origin(
        version=attempt.version,
        commit=attempt.commit,
        source=source,
        arguments=built.args,
        base=variants.choose(project).name,
        base_digest=attempt.base,
        lock=provenance.sha256(attempt.tree / "poetry.lock"),
        gates=attempt.gates,
        builder=builder(),
        tools={"docker": engine, "buildx": buildx[1] if len(buildx) > 1 else ""},
        began=attempt.began,
        ended=attempt.ended,
        sbom=provenance.sha256(_sbom(attempt)) if shutil.which("oras") else "",
    )


def builder() -> str:
    """Return who builds, as a URI.

    The workflow on GitHub, else user and machine.
    """
    if workflow := os.environ.get("GITHUB_WORKFLOW_REF"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{workflow}"
    return f"urn:slipway:by:{caller('prod')['SLIPWAY_BY']}"
