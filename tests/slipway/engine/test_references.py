"""References of images, and their parts."""

import pytest

from slipway.engine import references

DIGEST = "sha256:" + "d" * 64


@pytest.mark.parametrize(
    ("tag", "host"),
    [
        ("localhost/x:1", "localhost"), ("localhost:5000/x:1", "localhost:5000"), ("ghcr.io/a/x", "ghcr.io"),
        ("library/python:3.13", "docker.io"), ("python:3.13", "docker.io"),
    ],
)  # fmt: skip
def test_the_host_of_a_reference_is_an_address(tag: str, host: str) -> None:
    assert references.host(tag) == host


@pytest.mark.parametrize(
    ("reference", "name", "tag"),
    [
        ("python", "python", ""),
        ("python:3.13-slim", "python", "3.13-slim"),
        ("localhost:5000/shop", "localhost:5000/shop", ""),
        ("localhost:5000/shop:1.2.3", "localhost:5000/shop", "1.2.3"),
        ("ghcr.io/a/b/shop:1", "ghcr.io/a/b/shop", "1"),
        (f"localhost:5000/shop@{DIGEST}", "localhost:5000/shop", ""),
        (f"localhost:5000/shop:1@{DIGEST}", "localhost:5000/shop", "1"),
    ],
)
def test_a_port_is_no_tag_and_a_digest_neither(reference: str, name: str, tag: str) -> None:
    assert (references.name(reference), references.tag(reference)) == (name, tag)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("docker.io/library/python", "python"), ("index.docker.io/library/python", "python"), ("python", "python"),
        ("docker.io/team/shop", "team/shop"), ("localhost:5000/shop", "localhost:5000/shop"),
        ("my.docker.io/library/x", "my.docker.io/library/x"),
    ],
)  # fmt: skip
def test_the_names_of_docker_hub_are_one(name: str, known: str) -> None:
    assert references.canonical(name) == known


def test_engines_list_an_image_by_its_digest_when_it_has_one() -> None:
    assert references.plain(f"docker.io/library/python:3.13@{DIGEST}") == f"python@{DIGEST}"
    assert references.plain("localhost:5000/shop:1") == "localhost:5000/shop:1"


def test_a_pinned_reference_keeps_its_tag() -> None:
    assert references.digest(f"r/x:1@{DIGEST}") == DIGEST
    assert references.digest("localhost:5000/x:1") == ""
    assert references.pinned("r/x:1", DIGEST) == f"r/x:1@{DIGEST}"
    assert references.pinned(f"r/x:1@sha256:{'0' * 64}", DIGEST) == f"r/x:1@{DIGEST}"
