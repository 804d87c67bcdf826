"""What `docker login` has noted, as nodes of a Swarm are given it."""

import base64
import json
from pathlib import Path

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine.credentials import header


def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: object, image: str) -> dict[str, str]:
    (tmp_path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    found = header(Shell(tmp_path, Steps()), image)
    return dict(json.loads(base64.urlsafe_b64decode(found["X-Registry-Auth"]))) if found else {}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("config", "image", "wanted"),
    [
        ({"auths": {"registry.example:5000": {"auth": encoded("ann:a:b")}}}, "registry.example:5000/shop@sha256:1",
         {"username": "ann", "password": "a:b", "serveraddress": "registry.example:5000"}),
        ({"auths": {"https://index.docker.io/v1/": {"identitytoken": "t0ken"}}}, "caddy:2",
         {"identitytoken": "t0ken", "serveraddress": "docker.io"}),
        ({"auths": {"other.example": {"auth": encoded("ann:b")}}}, "registry.example/shop:1", {}),
        ({"auths": {"registry.example": {"auth": "no base64"}}}, "registry.example/shop:1", {}),
        ({}, "registry.example/shop:1", {}),
        ("no JSON", "registry.example/shop:1", {}),
    ],
)  # fmt: skip
def test_what_is_noted_for_a_registry_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: object, image: str, wanted: dict[str, str]
) -> None:
    assert told(tmp_path, monkeypatch, config, image) == wanted


@pytest.mark.parametrize(
    ("user", "wanted"),
    [("ann", {"username": "ann", "password": "from a store"}), ("<token>", {"identitytoken": "from a store"})],
)
def test_a_store_of_credentials_is_asked_and_its_answer_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, wanted: dict[str, str]
) -> None:
    program = tmp_path / "docker-credential-vault"
    answer = json.dumps({"ServerURL": "x", "Username": user, "Secret": "from a store"})
    program.write_text(f"#!/bin/sh\n[ $1 = get ] && [ \"$(cat)\" = registry.example ] && echo '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = told(tmp_path, monkeypatch, {"credsStore": "vault"}, "registry.example/shop:1")
    assert found == {**wanted, "serveraddress": "registry.example"}
    assert Steps().redact("it is from a store") == "it is [secret]"
