"""What the Docker client would give a registry: `docker login` has noted it, and a Swarm's nodes need it to pull.

https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any

from slipway.core.limits import ACT
from slipway.core.shell import Shell
from slipway.engine import references

HEADER = "X-Registry-Auth"
HUB, HUB_KEY = "docker.io", "https://index.docker.io/v1/"  # Docker Hub, and as what the client notes it
TOKEN = "<token>"  # noqa: S105  (in the place of a user's name: the secret is a token)


def header(shell: Shell, image: str) -> dict[str, str]:
    """Return the header of the Engine API by which nodes may pull an image, {} where nothing is noted for it."""
    host = references.host(image)
    found = noted(shell, HUB_KEY if host == HUB else host)
    if not found:
        return {}
    text = json.dumps({**found, "serveraddress": host})
    return {HEADER: base64.urlsafe_b64encode(text.encode()).decode()}


def noted(shell: Shell, registry: str) -> dict[str, str]:
    """Return what is noted for a registry: username and password, or identitytoken; {} for nothing."""
    config = _config()
    helper = (config.get("credHelpers") or {}).get(registry) or config.get("credsStore") or ""
    if helper:
        return _of_helper(shell, helper, registry)
    one = (config.get("auths") or {}).get(registry) or {}
    if one.get("identitytoken"):
        return {"identitytoken": one["identitytoken"]}
    try:
        user, _, password = base64.b64decode(one.get("auth") or "").decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"username": user, "password": password} if user else {}


def _config() -> dict[str, Any]:
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    try:
        found = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_helper(shell: Shell, helper: str, registry: str) -> dict[str, str]:
    status, said, _ = shell.probe([f"docker-credential-{helper}", "get"], given=registry, limit=ACT)
    try:
        found = json.loads(said) if not status else {}
        user, secret = found["Username"], found["Secret"]
    except (ValueError, KeyError, TypeError):
        return {}
    shell.steps.secrets.add(secret)
    return {"identitytoken": secret} if user == TOKEN else {"username": user, "password": secret}
