"""What a registry holds: how it is asked, and what is said when it refuses."""

import json
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine import registry
from slipway.engine.registry import Manifest
from tests.slipway.engine.support import Answers

DIGEST = "sha256:" + "d" * 64


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


def test_a_registry_that_is_away_is_told() -> None:
    said = registry.explain("dial tcp 127.0.0.1:4013: connect: connection refused", "localhost:4013/shop:1")
    assert "localhost:4013 cannot be asked. Is it up?" in said


def test_commands_of_buildx() -> None:
    asked = ["docker", "buildx", "imagetools", "inspect"]

    assert registry.inspect_command("r/x:1") == [*asked, "r/x:1", "--format", "{{json .Manifest}}"]
    assert registry.inspect_command("r/x:1", "Image") == [*asked, "r/x:1", "--format", "{{json .Image}}"]
    assert registry.raw_command(f"r/x@{DIGEST}") == [*asked, "--raw", f"r/x@{DIGEST}"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            registry.attach_command("r/x@d", "a/kind", Path("/tmp/b.json"), "2026-01-02T03:04:05Z"),
            "oras attach --artifact-type a/kind --annotation org.opencontainers.image.created=2026-01-02T03:04:05Z "
            "r/x@d b.json:a/kind",
        ),
        (registry.discover_command("r/x@d", "a/kind"), "oras discover --format json --artifact-type a/kind r/x@d"),
        (registry.manifest_command("r/x@d"), "oras manifest fetch r/x@d"),
        (registry.blob_command("r/x@d"), "oras blob fetch --output - r/x@d"),
    ],
)
def test_commands_of_oras(command: list[str], words: str) -> None:
    assert command == words.split()


def test_a_tag_is_found_with_its_manifest_and_configuration() -> None:
    meant = json.dumps({"digest": DIGEST})
    shell = Answers(meant, json.dumps({"config": {"digest": "sha256:c"}}), meant)

    assert registry.find(shell, "localhost:5000/x:1") == Manifest(DIGEST, "sha256:c")
    assert registry.find(shell, "localhost:5000/x:2") == Manifest(DIGEST, "sha256:c")
    assert shell.asked == [  # what a tag means is asked each time, what a digest means once
        registry.inspect_command("localhost:5000/x:1"), registry.raw_command(f"localhost:5000/x@{DIGEST}"),
        registry.inspect_command("localhost:5000/x:2"),
    ]  # fmt: skip


def test_an_index_has_no_configuration_of_its_own() -> None:
    shell = Answers(json.dumps({"digest": DIGEST}), json.dumps({"manifests": []}))

    assert registry.find(shell, "r/x:1") == Manifest(DIGEST, "")


def test_a_tag_that_is_not_there_is_none_and_a_registry_that_fails_a_problem() -> None:
    assert registry.find(Answers("", said="ERROR: r.example/x:1: not found\n"), "r.example/x:1") is None
    with pytest.raises(Problem, match=r"r\.example cannot be asked"):
        registry.find(Answers("", said="ERROR: r.example/y:1: not found\n"), "r.example/x:1")
    with pytest.raises(Problem, match=r"docker login r\.example"):
        registry.find(Answers("", said="unauthorized"), "r.example/x:1")
    with pytest.raises(Problem, match="no reference of an image"):
        registry.find(Answers("", said="invalid reference format"), "X:1")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('{"config": {"Labels": {"org.opencontainers.image.version": "1.2.3"}}}', "1.2.3"),
        ('{"config": {"Labels": null}}', ""), ('{"config": null}', ""), ("{}", ""), ("[]", ""), ("no JSON", ""),
    ],
)  # fmt: skip
def test_the_version_is_what_the_image_says(said: str, version: str) -> None:
    assert registry.version(Answers(said), "r/x:1") == version


def test_a_tag_that_means_nothing_has_no_version_and_a_registry_that_cannot_be_asked_is_no_answer() -> None:
    assert registry.version(Answers("", said="ERROR: r/x:1: not found"), "r/x:1") == ""
    with pytest.raises(Problem, match="connection refused"):
        registry.version(Answers("", said="dial tcp: connection refused"), "r/x:1")


@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ('{"os": "linux", "architecture": "arm64", "config": {}}', "linux/arm64"),
        ('{"linux/amd64": {"os": "linux", "architecture": "amd64"}}', ""),  # of several
        ("{}", ""), ("null", ""), ("no JSON", ""),
    ],
)  # fmt: skip
def test_the_platform_is_what_the_image_says(said: str, platform: str) -> None:
    assert registry.platform(Answers(said), f"r/x@{DIGEST}") == platform


def test_the_texts_of_a_kind_are_read_by_their_digests() -> None:
    listed = json.dumps({"manifests": [{"reference": "r/x@sha256:1"}]})
    manifest = json.dumps({"layers": [{"digest": "sha256:2"}]})
    shell = Answers(listed, manifest, "the text")

    assert registry.attached(shell, f"r/x:1@{DIGEST}", "a/kind") == ["the text"]
    assert shell.asked[1:] == [registry.manifest_command("r/x@sha256:1"), registry.blob_command("r/x@sha256:2")]
    assert registry.attached(Answers(json.dumps({"referrers": []})), "r/x@d", "a/kind") == []
