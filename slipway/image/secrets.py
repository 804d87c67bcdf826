"""Secrets in an image: looked for in all its layers, its history and its configuration."""

import base64
import importlib.util
import os
import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any

from slipway.core.errors import Problem
from slipway.core.secrecy import is_secret
from slipway.core.shell import Shell
from slipway.engine import images
from slipway.image.archive import opened, saved
from slipway.project import environments
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.project.dotenv import PUBLIC
from slipway.project.values import private

CAN_TELL = importlib.util.find_spec("detect_secrets") is not None  # a project may do without it
if CAN_TELL:
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

SHOWN = 20  # findings
SHORTEST = 8  # bytes of a value that is looked for: a shorter one is part of anything
LARGEST = 1_000_000  # bytes of a file that is looked at for what looks like a secret
# What only its owner should have, by its name.
PRIVATE = re.compile(
    r"(.*/)?(\.env(\..+)?|\.netrc|\.pypirc|\.pgpass|\.git-credentials|\.dockercfg|\.docker/config\.json|\.aws/credentials"
    r"|id_(rsa|dsa|ecdsa|ed25519)|[^/]+\.(key|p12|pfx|jks))"
)
# What package managers put there, wherever a Dockerfile calls them: examples of logins, keys of tests.
INSTALLED = re.compile(
    r"(.*/)?(site-packages|dist-packages|node_modules|lib/python3\.\d+|\.cache/(pip|pypoetry|uv))/.*"
    r"|(usr/)?(bin|include|lib\w*|libexec|sbin|share)/.*|var/(cache|lib/(apt|dpkg))/.*"
)
LOGIN = "Basic Auth Credentials"  # in an address: what .env.example has shows how one is written
# What says of a line that it holds no secret; the second is what `alembic init` writes into each alembic.ini.
HARMLESS = ("pragma: allowlist secret", "driver://user:pass@localhost/dbname")
# What looks like a secret by itself; entropy and words like password are left to people.
DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip


def scan(checkout: Checkout, tag: str, base: str) -> str:
    """Look for secrets in an image.

    Returns what was looked at. Raises Problem with all findings. What .env keeps secret is looked for in every file
    above the base image, also in those that a later layer has removed; what looks like a secret, in all but what
    package managers have installed. No finding shows a value.
    """
    values = _values(checkout)
    there = checkout.project.settings_file.exists()
    unseen = "" if there else "; there is no .env whose values could be looked for"
    with saved(checkout.shell, tag) as path:
        # Of a base image that is not here, or another one, nothing is left out.
        below, mine = _layers(checkout.shell, base) if base else (), _layers(checkout.shell, tag)
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(below, mine, strict=False))))
        if common == len(mine):
            raise Problem(f"{tag} has no layer of its own above {base}.")
        files, findings = scan_archive(path, common, values)
    if findings:
        more = [f"... and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else []
        listed = "\n".join(f"  - {finding}" for finding in [*findings[:SHOWN], *more])
        raise Problem(
            f"{tag} holds what should be secret:\n{listed}\n"
            "Take it out, and regard it as known. A line that only looks like one says so: # pragma: allowlist secret"
        )
    return f"none in {files} files above {base if common else 'nothing'}{unseen}"


def _values(checkout: Checkout) -> dict[str, str]:
    # What .env, and that of each environment, keeps secret and is long enough to be looked for, by name.
    found: dict[str, str] = {}
    for project in _seen(checkout):
        for name, value in private(project).items():
            is_hidden = name in project.secrets or is_secret(name)
            if is_hidden and value not in found.values() and len(os.fsencode(value)) >= SHORTEST:
                found[f"{name} in {project.env_file}" if name in found else name] = value
    return found


def _seen(checkout: Checkout) -> list[Project]:
    # The project as it is, and in each environment that has a file of settings.
    others = [checkout.project.within(name) for name in environments.names(checkout.root) if name != environments.DEV]
    return [checkout.project, *(one for one in others if one.settings_file.exists())]


def _layers(shell: Shell, tag: str) -> tuple[str, ...]:
    # The hashes of an image's layers; nothing for one that is not on the engine.
    image = images.inspect(shell, tag)
    return image.layers if image else ()


def scan_archive(path: Path, below: int, values: Mapping[str, str]) -> tuple[int, list[str]]:
    """Look through an archive of `docker save`.

    Returns how many files there were, and the findings. The first `below` layers are the base image's. `values` are
    the secret ones, by name.
    """
    files = 0
    with opened(path) as image:
        findings = list(in_configuration(image.configuration, values))
        for member in image.members(below):
            if member.file:
                files += 1
                findings += in_file(member.path, member.read(), values)
    return files, sorted(set(findings))


def in_configuration(configuration: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[str]:
    """Yield what an image's configuration gives away.

    Its history, variables and labels.
    """
    config = configuration.get("config") or {}
    texts = [
        *(("the history", step.get("created_by", "")) for step in configuration.get("history") or []),
        *(("a variable", text) for text in config.get("Env") or []),
        *((f"the label {name}", text) for name, text in (config.get("Labels") or {}).items()),
    ]
    for where, text in texts:
        for name, value in values.items():
            if value in text:
                yield f"{where} holds the value of {name}"
        for _, kind in _looks_like(text):
            yield f"{where} holds what looks like a secret: {kind}"


def in_file(path: str, content: bytes, values: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with a file of an image."""
    pure = PurePosixPath(path)
    installed = bool(INSTALLED.fullmatch(path))
    if PRIVATE.fullmatch(path) and not pure.name.endswith(PUBLIC) and not installed:
        yield f"/{path}: is private by its name"
    if ".git" in pure.parts:
        yield f"/{path}: is a part of .git"
    for name, value in values.items():
        # As it is, or as a file of settings may have it.
        encoded = base64.b64encode(os.fsencode(value)).rstrip(b"=")[:-1]
        if os.fsencode(value) in content or encoded in content:
            yield f"/{path}: holds the value of {name}"
    if installed or len(content) > LARGEST or b"\0" in content[:1024]:
        return
    shows = pure.name.endswith(PUBLIC)
    for number, kind in _looks_like(content.decode("utf-8", "replace")):
        if shows and kind == LOGIN:
            continue
        yield f"/{path}:{number}: looks like a secret: {kind}"


def _looks_like(text: str) -> Iterator[tuple[int, str]]:
    # The number of each line that does, and what it looks like.
    if not CAN_TELL:
        raise Problem("What looks like a secret cannot be told: add detect-secrets to the group dev.")
    with transient_settings({"plugins_used": [{"name": name} for name in DETECTORS]}):
        for number, line in enumerate(text.splitlines(), 1):
            if not any(one in line for one in HARMLESS):
                yield from ((number, secret.type) for secret in scan_line(line))
