"""What is attached to a published image: bill of materials, provenance, signature.

Each is the same file each time, kept in the attempt's folder, so that a second run attaches nothing else.
"""

import json
import os
from pathlib import Path

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.core.secrecy import has_login
from slipway.engine import builder, registry
from slipway.image import inspect, plan, sbom
from slipway.project import lockfile, tags
from slipway.release.attempt import Attempt
from slipway.release.passed import Passed
from slipway.trust import cosign, provenance
from slipway.trust.provenance import Origin


def digest(attempt: Attempt, passed: Passed) -> str:
    """Return the image with its digest in the registry.

    Raises Problem.
    """
    repository = attempt.home.project.repository
    tag = f"{repository}:{tags.of_commit(passed.commit)}"
    found = registry.find(attempt.home.shell, tag)
    if not found or not found.is_image(passed.image):
        raise Problem(f"{tag} is not in the registry as it was pushed.")
    return f"{repository}@{found.digest}"


def attach_sbom(attempt: Attempt, passed: Passed) -> str:
    """Attach the bill of materials to the image; raises Problem."""
    _attach(attempt, passed, registry.SBOM, _sbom(attempt))
    return ""


def attach_provenance(attempt: Attempt, passed: Passed) -> str:
    """Attach the provenance, which nobody has signed, to the image; raises Problem."""
    repository, _, found = digest(attempt, passed).partition("@")
    predicate = json.loads(_provenance(attempt, passed).read_text(encoding="utf-8"))
    file = attempt.folder / "statement.json"
    statement = provenance.statement(predicate, repository, found)
    file.write_text(json.dumps(statement, indent=2) + "\n", encoding="utf-8")
    _attach(attempt, passed, registry.STATEMENT, file)
    return ""


def sign(attempt: Attempt, passed: Passed, key: Path) -> str:
    """Sign the image and its provenance; raises Problem."""
    shell, named = attempt.home.shell, digest(attempt, passed)
    cosign.sign(shell, named)
    try:
        known = cosign.provenances(shell, key, named)
    except Problem:
        known = []  # cosign says the same of none and of a registry that is away
    if not known:  # one is enough
        cosign.attest(shell, named, _provenance(attempt, passed))
    cosign.verify(shell, key, named)
    return ""


def origin(attempt: Attempt, passed: Passed) -> Origin:
    """Return where the image comes from."""
    checkout, shell = attempt.checkout, attempt.home.shell
    project = checkout.project
    image = plan.of(project, plan.read_tree(checkout))
    return Origin(
        version=attempt.version,
        commit=passed.commit,
        source=project.source if not has_login(project.source) else "",
        arguments=image.args,
        base=image.on,
        base_digest=passed.base,
        lock=lockfile.sha256(checkout.root),
        gates=passed.spelled_gates,
        builder=built_by(),
        tools=builder.tools(shell),
        began=passed.began,
        ended=passed.ended,
        sbom=provenance.sha256(_sbom(attempt)) if registry.can_attach() else "",
    )


def built_by() -> str:
    """Return who builds, as a URI.

    The workflow on GitHub, else user and machine.
    """
    if workflow := os.environ.get("GITHUB_WORKFLOW_REF"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{workflow}"
    return f"urn:slipway:by:{who()}"


def _attach(attempt: Attempt, passed: Passed, kind: str, file: Path) -> None:
    shell = attempt.home.shell
    created = inspect.read(shell, attempt.tag).created
    command = registry.attach_command(digest(attempt, passed), kind, file, created)
    status, _, said = shell.probe(command, cwd=file.parent, echo=True)
    if status:
        raise Problem(registry.explain(said, attempt.home.project.repository))


def _sbom(attempt: Attempt) -> Path:
    shell = attempt.home.shell
    file = attempt.folder / f"{attempt.home.project.image}-{attempt.version}.cdx.json"
    if not file.exists():
        built = inspect.read(shell, attempt.tag)
        file.write_text(sbom.sbom(built, inspect.contents(shell, attempt.tag)), encoding="utf-8")
    return file


def _provenance(attempt: Attempt, passed: Passed) -> Path:
    # Written once: its times are those of the gates.
    file = attempt.folder / "provenance.json"
    if not file.exists():
        predicate = provenance.predicate(origin(attempt, passed))
        file.write_text(json.dumps(predicate, indent=2) + "\n", encoding="utf-8")
    return file
