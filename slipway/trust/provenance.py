"""Where an image comes from: a predicate of SLSA 1.0, to be signed or attached."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.engine.references import canonical
from slipway.project import lockfile
from slipway.project.semver import is_version

TYPE = "urn:slipway:release:1"  # says what the parameters mean
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"


@dataclass(frozen=True)
class Origin:
    """What was built of what.

    It is read from a predicate, or to be written into one. `arguments` are the build arguments, `base` is the base
    image's name, `base_digest` its digest in a registry, or its id on the engine when it has none. `lock` is the
    SHA-256 of the lock file, `sbom` that of the bill of materials. `gates` say how each gate ended. Times are ISO
    8601, UTC.
    """

    version: str
    commit: str
    source: str
    arguments: Mapping[str, str]
    base: str
    base_digest: str
    lock: str
    gates: Mapping[str, str]
    builder: str
    tools: Mapping[str, str]
    began: str
    ended: str
    sbom: str = ""


def predicate(origin: Origin) -> dict[str, Any]:
    """Return the predicate, https://slsa.dev/spec/v1.0/provenance."""
    source = origin.source or "urn:slipway:source"
    base = {"uri": f"pkg:docker/{origin.base.replace(':', '@')}", "digest": _digest(origin.base_digest)}
    return {
        "buildDefinition": {
            "buildType": TYPE,
            "externalParameters": {
                "version": origin.version,
                "source": source,
                "commit": origin.commit,
                "arguments": dict(origin.arguments),
            },
            "internalParameters": {"gates": dict(origin.gates)},
            "resolvedDependencies": [
                {"name": "source", "uri": f"git+{source}", "digest": {"gitCommit": origin.commit}},
                {"name": "base", **base},
                {"name": "lock", "uri": lockfile.NAME, "digest": {"sha256": origin.lock}},
            ],
        },
        "runDetails": {
            "builder": {"id": origin.builder, "version": dict(origin.tools)},
            "metadata": {"startedOn": origin.began, "finishedOn": origin.ended},
            "byproducts": [{"name": "sbom", "digest": {"sha256": origin.sbom}}] if origin.sbom else [],
        },
    }


def statement(predicate: Mapping[str, Any], repository: str, digest: str) -> dict[str, Any]:
    """Return the in-toto statement about an image.

    The image is named by its digest in a registry.
    """
    subject = {"name": repository, "digest": _digest(digest)}
    return {"_type": STATEMENT, "subject": [subject], "predicateType": PREDICATE, "predicate": dict(predicate)}


def about(text: str, image: str) -> Iterator[dict[str, Any]]:
    """Yield the predicate of a statement about an image.

    Nothing when it cannot be read, or is about another one; the image is named by its digest.
    """
    name, _, digest = image.partition("@")
    try:
        statement = json.loads(text)
        subjects = [(canonical(one["name"]), f"sha256:{one['digest']['sha256']}") for one in statement["subject"]]
        if (canonical(name), digest) in subjects and statement["predicateType"] == PREDICATE:
            yield dict(statement["predicate"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return


def origin(predicate: Mapping[str, Any]) -> Origin:
    """Read a predicate.

    Raises ValueError when it is another tool's, or makes no sense.
    """
    try:
        found = _origin(predicate)
        sound = re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", found.commit) and is_version(found.version)
        given = (found.arguments.get("REVISION"), found.arguments.get("VERSION"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it has no {error}") from None
    if not sound:
        raise ValueError("its commit is none, or its version")
    if given != (found.commit, found.version):
        raise ValueError("its build arguments are another commit's")
    return found


def _origin(predicate: Mapping[str, Any]) -> Origin:
    definition, run = predicate["buildDefinition"], predicate["runDetails"]
    if definition["buildType"] != TYPE:
        raise ValueError(f"its build type is {definition['buildType']}")
    given = definition["externalParameters"]
    named = {one["name"]: one for one in definition["resolvedDependencies"]}
    produced = {one["name"]: one for one in run.get("byproducts") or []}
    return Origin(
        version=given["version"],
        commit=given["commit"],
        source=given["source"],
        arguments=given["arguments"],
        base=named["base"]["uri"].removeprefix("pkg:docker/").replace("@", ":"),
        base_digest=f"sha256:{named['base']['digest']['sha256']}",
        lock=named["lock"]["digest"]["sha256"],
        gates=definition["internalParameters"]["gates"],
        builder=run["builder"]["id"],
        tools=run["builder"].get("version") or {},
        began=run["metadata"]["startedOn"],
        ended=run["metadata"]["finishedOn"],
        sbom=produced["sbom"]["digest"]["sha256"] if "sbom" in produced else "",
    )


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm or "sha256": value}
