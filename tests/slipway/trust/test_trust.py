"""Provenance and signature: what is written is what is read, and what is accepted."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine import registry
from slipway.engine.registry import Manifest
from slipway.release.verify import differences
from slipway.trust import cosign as signing
from slipway.trust import policy as trust
from slipway.trust import provenance
from slipway.trust.provenance import Origin

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "d" * 64
ORIGIN = Origin(
    version="1.4.2",
    commit=COMMIT,
    source="https://example.com/shop",
    arguments={"PORT": "8000", "TITLE": "shop", "VERSION": "1.4.2", "REVISION": COMMIT},
    base="python:3.13-slim",
    base_digest="sha256:" + "b" * 64,
    lock="c" * 64,
    gates={"tests": "passed", "deploy": "left out: --skip"},
    builder="urn:slipway:by:a@b",
    tools={"docker": "26.1"},
    began="2026-11-25T01:00:00Z",
    ended="2026-11-25T01:02:00Z",
    sbom="e" * 64,
)


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
    assert trust.read([other, {}, {"buildDefinition": None}, {**mine, "runDetails": []}, *forged, mine]) == [ORIGIN]


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("1.4.2", True), ("1.4", True), ("1", True), ("latest", True), ("stable", True), ("", True),
        ("1.4.20", False), ("1.4.1", False), ("14", False), ("1.40", False), ("4", False), ("2", False),
        ("sha-0123456789ab", True), ("sha-ba9876543210", False),
    ],
)  # fmt: skip
def test_a_tag_means_its_own_version_or_commit_alone(tag: str, fits: bool) -> None:
    assert trust.fits(ORIGIN, tag) is fits


def test_a_signed_image_of_another_version_is_refused() -> None:
    older = replace(ORIGIN, version="1.4.1")
    assert trust.choose([older, ORIGIN], "r/shop@x", "1.4.2", "shop") == ORIGIN
    with pytest.raises(Problem, match=r"is called 1\.4\.2, and its provenance says shop 1\.4\.1 of 0123456789ab"):
        trust.choose([older], "r/shop@x", "1.4.2", "shop")
    with pytest.raises(Problem, match=r"its provenance says shop 1\.4\.2"):  # another service of the same key
        trust.choose([ORIGIN], "r/bakery@x", "1.4.2", "bakery")
    with pytest.raises(Problem, match="nothing that inv release has written"):
        trust.choose([], "r/shop@x", "1.4.2", "shop")


def test_what_was_left_out_is_said_to_whoever_deploys() -> None:
    assert trust.line(ORIGIN, Path("cosign.pub")) == (
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
    assert list(signing.predicates(said, f"r/shop@{DIGEST}")) == [mine]
    assert list(signing.predicates(said, f"r/bakery@{DIGEST}")) == []  # copied there with its image
    signed = json.dumps([{"critical": {"identity": {"docker-reference": "r/shop"}}}])
    assert signing.signed_names(f"\n{signed}\n") == ["r/shop"]


@pytest.mark.parametrize(
    "text", ["[1]", "{", "{}", "null", '{"subject": 1}', '{"subject": [{"digest": []}]}', '{"subject": []}']
)
def test_what_is_no_statement_is_left_out(text: str) -> None:
    assert list(provenance.about(text, f"r/shop@{DIGEST}")) == []


def test_what_a_rebuild_would_start_from_otherwise_is_named() -> None:
    args, bases = dict(ORIGIN.arguments), ["sha256:1", ORIGIN.base_digest]
    assert differences(ORIGIN, args, ORIGIN.lock, bases) == []
    found = differences(ORIGIN, {**args, "PORT": "9", "NEW": "1"}, "0" * 64, ["sha256:1"])
    assert found[0] == "the build argument NEW was None and is '1'"
    assert "the build argument PORT was '8000' and is '9'" in found
    assert "poetry.lock is another one" in found
    assert f"docker pull python@{ORIGIN.base_digest}" in found[-1]
    assert "there is no python:3.13-slim here" in differences(ORIGIN, args, ORIGIN.lock, [])[0]


def test_an_image_is_known_by_its_configuration_or_its_manifest() -> None:
    manifest = Manifest("sha256:m", "sha256:c")
    assert manifest.is_image("sha256:c")  # the engine's own store
    assert manifest.is_image("sha256:m")  # containerd's
    assert not manifest.is_image("")
    assert not Manifest("sha256:m", "").is_image("")  # of several platforms


@pytest.mark.parametrize(
    "said",
    [
        "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "no basic auth credentials",
        "denied: requested access to the resource is denied",
        "unauthorized: authentication required",
        "response status code 403: denied",
    ],
)
def test_a_refused_login_names_the_command(said: str) -> None:
    explained = registry.explain(said, "registry.example.com/team/shop:1")
    assert explained.endswith("does not let you: docker login registry.example.com (as somebody who may)")
    assert said in explained


@pytest.mark.parametrize(
    ("tag", "host"),
    [
        ("localhost/x:1", "localhost"), ("localhost:5000/x:1", "localhost:5000"), ("ghcr.io/a/x", "ghcr.io"),
        ("library/python:3.13", "docker.io"), ("python:3.13", "docker.io"),
    ],
)  # fmt: skip
def test_the_host_of_a_reference_is_an_address(tag: str, host: str) -> None:
    assert registry.host(tag) == host


def test_a_registry_that_is_away_is_told() -> None:
    said = registry.explain("dial tcp 127.0.0.1:4013: connect: connection refused", "localhost:4013/shop:1")
    assert "localhost:4013 cannot be asked. Is it up?" in said


class Answers(Shell):
    """A shell in which `cosign VERB --help` prints something else."""

    def __init__(self, said: str) -> None:
        super().__init__(Path.cwd(), Steps())
        self.said = said

    def probe(self, argv: Sequence[str], **_: Any) -> tuple[int, str, str]:
        """Return the help."""
        return 0, self.said, ""


@pytest.mark.parametrize(
    ("helped", "signs", "verifies"),
    [
        ("--tlog-upload", ["--tlog-upload=false"], []),
        (
            "--tlog-upload --use-signing-config --new-bundle-format",
            ["--tlog-upload=false", "--use-signing-config=false", "--new-bundle-format=false"],
            ["--new-bundle-format=false"],
        ),
    ],
)
def test_cosign_is_kept_off_the_public_log(helped: str, signs: list[str], verifies: list[str]) -> None:
    assert signing.offline(Answers(helped), "sign") == signs
    assert signing.offline(Answers(helped), "verify") == verifies
