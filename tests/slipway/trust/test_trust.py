"""Provenance and signature: what is written is what is read, and what is accepted."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.trust import cosign, policy, provenance
from tests.slipway.trust.support import COMMIT, DIGEST, ORIGIN


def test_a_predicate_is_read_as_it_was_written() -> None:
    written = json.loads(json.dumps(provenance.predicate(ORIGIN)))
    assert provenance.origin(written) == ORIGIN
    assert provenance.origin(provenance.predicate(replace(ORIGIN, sbom=""))).sbom == ""
    materials = {one["name"]: one for one in written["buildDefinition"]["resolvedDependencies"]}
    assert materials["base"] == {"name": "base", "uri": "pkg:docker/python@3.13-slim", "digest": {"sha256": "b" * 64}}
    assert materials["source"]["digest"] == {"gitCommit": COMMIT}


def test_what_others_have_written_is_left_out() -> None:
    other = provenance.predicate(ORIGIN)
    other["buildDefinition"] = {**other["buildDefinition"], "buildType": "https://mobyproject.org/buildkit@v1"}
    forged = [
        provenance.predicate(one)
        for one in (
            replace(ORIGIN, version="9.9.9"), replace(ORIGIN, commit="v1.4.2"), replace(ORIGIN, commit="f" * 40),
            replace(ORIGIN, arguments={}), replace(ORIGIN, version=1), replace(ORIGIN, commit=None),  # type: ignore[arg-type]
        )
    ]  # fmt: skip
    mine = provenance.predicate(ORIGIN)
    assert policy.read([other, {}, {"buildDefinition": None}, {**mine, "runDetails": []}, *forged, mine]) == [ORIGIN]


def test_a_signed_image_of_another_version_is_refused() -> None:
    older = replace(ORIGIN, version="1.4.1")
    assert policy.choose([older, ORIGIN], "r/shop@x", "1.4.2", "shop") == ORIGIN
    with pytest.raises(Problem, match=r"is called 1\.4\.2, and its provenance says shop 1\.4\.1 of 0123456789ab"):
        policy.choose([older], "r/shop@x", "1.4.2", "shop")
    with pytest.raises(Problem, match=r"its provenance says shop 1\.4\.2"):  # another service of the same key
        policy.choose([ORIGIN], "r/bakery@x", "1.4.2", "bakery")
    with pytest.raises(Problem, match="nothing that inv release has written"):
        policy.choose([], "r/shop@x", "1.4.2", "shop")


def test_what_was_left_out_is_said_to_whoever_deploys() -> None:
    assert policy.line(ORIGIN, Path("cosign.pub")) == (
        "1.4.2 of 0123456789ab, signed for cosign.pub; not passed: deploy"
    )


def envelope(predicate: dict[str, Any], digest: str, kind: str = provenance.PREDICATE) -> str:
    """Return a line of what `cosign verify-attestation` prints."""
    statement = provenance.statement(predicate, "r/shop", digest) | {"predicateType": kind}
    return json.dumps({"payload": base64.b64encode(json.dumps(statement).encode()).decode()})


def test_only_statements_about_this_image_count() -> None:
    other, mine = provenance.predicate(replace(ORIGIN, version="1.0.0")), provenance.predicate(ORIGIN)
    said = "\n".join(
        [
            "Verification for ...",
            envelope(other, "sha256:" + "0" * 64),
            envelope(mine, DIGEST),
            envelope(other, DIGEST, "x"),
        ]
    )
    assert list(cosign.predicates(said, f"r/shop@{DIGEST}")) == [mine]
    assert list(cosign.predicates(said, f"r/bakery@{DIGEST}")) == []  # copied there with its image
    signed = json.dumps([{"critical": {"identity": {"docker-reference": "r/shop"}}}])
    assert cosign.signed_names(f"\n{signed}\n") == ["r/shop"]


@pytest.mark.parametrize(
    "text", ["[1]", "{", "{}", "null", '{"subject": 1}', '{"subject": [{"digest": []}]}', '{"subject": []}']
)
def test_what_is_no_statement_is_left_out(text: str) -> None:
    assert list(provenance.about(text, f"r/shop@{DIGEST}")) == []
