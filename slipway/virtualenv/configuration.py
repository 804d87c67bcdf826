"""What pip's configuration says, and the same for uv, which does not read it."""

import ast
import os
import re
import ssl
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.project.lockfile import canonical

SECTIONS = ("global", "install", ":env:")  # the later one counts
LISTED = ("index-url", "extra-index-url", "find-links")  # what a list of packages can say, and so no command line
VALUES = {"timeout": "UV_HTTP_TIMEOUT", "default-timeout": "UV_HTTP_TIMEOUT", "retries": "UV_HTTP_RETRIES"}
# What changes nothing where each package is pinned and nobody is asked, or is about what pip prints.
WITHOUT_MEANING = {
    "cache-dir", "disable-pip-version-check", "no-python-version-warning", "no-color", "progress-bar", "quiet",
    "verbose", "no-input", "log", "config-file", "require-virtualenv", "break-system-packages", "exists-action",
    "no-warn-script-location", "no-warn-conflicts", "root-user-action", "prefer-binary", "compile", "no-compile",
    "no-deps", "require-hashes", "upgrade",
}  # fmt: skip
TRUE = ("1", "true", "yes", "on")
UNTOLD = "UV_CACHE_DIR", "UV_NO_CACHE", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS"  # uv may keep these


class Untranslatable(ValueError):
    """What pip's configuration has, and uv does not know: its name."""


@dataclass(frozen=True)
class Given:
    """What uv is given: lines of its list of packages, options and variables."""

    lines: Sequence[str] = ()
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def read(said: str) -> dict[str, str]:
    """Read what `pip config list` prints; of more sections, the one that counts for an installation."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in said.splitlines():
        name, equals, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if equals and section in found:
            try:
                found[section][key] = str(ast.literal_eval(value))
            except (ValueError, SyntaxError):
                found[section][key] = value
    return {key: value for section in SECTIONS for key, value in found[section].items()}


def translate(config: Mapping[str, str], environ: Mapping[str, str], names: Collection[str]) -> Given:
    """Return what uv is given instead of pip's configuration, to install packages of these names.

    Raises Untranslatable.
    """
    lines: list[str] = []
    options: list[str] = []
    env = {name: value for name, value in environ.items() if not name.startswith("UV_") or name in UNTOLD}
    env |= _trust(config, environ)
    for name, value in config.items():
        if name in LISTED:
            lines += [f"--{name} {one}" for one in value.split()]
        elif name == "no-index":
            lines += ["--no-index"] * _is_true(value)
        elif name == "constraint":
            _check_constraints(value, names)
        elif name in ("only-binary", "no-binary"):
            options += [word for one in value.replace(",", " ").split() for word in (f"--{name}", one)]
        elif name == "trusted-host":
            options += [word for one in value.split() for word in ("--allow-insecure-host", one)]
        elif name == "proxy":
            proxy = value if "://" in value else f"http://{value}"
            env |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), proxy)
        elif name in VALUES:
            env[VALUES[name]] = value
        elif name == "no-cache-dir":
            env |= {"UV_NO_CACHE": "1"} if _is_true(value) else {}
        elif name not in WITHOUT_MEANING | {"cert", "client-cert", "default"} and (name, value) != (
            "keyring-provider",
            "disabled",
        ):
            raise Untranslatable(name)
    return Given(lines, options, env)


def _check_constraints(files: str, names: Collection[str]) -> None:
    # uv takes none where each package is pinned; one about other packages than these changes nothing.
    for file in files.split():
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise Untranslatable("constraint") from None
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
        about = {canonical(re.split(r"[^\w.-]", line)[0]) for line in lines}
        if about & set(names) or any(line.startswith("-") for line in lines):
            raise Untranslatable("constraint")


def _trust(config: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    # pip takes the first of these, and else what the system trusts.
    found: dict[str, str] = {"SSL_CLIENT_CERT": config["client-cert"]} if "client-cert" in config else {}
    given = config.get("cert") or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if given:
        return found | {"SSL_CERT_DIR" if Path(given).is_dir() else "SSL_CERT_FILE": given}
    paths = ssl.get_default_verify_paths()
    if any(path and os.path.exists(path) for path in (paths.cafile, paths.openssl_cafile)):  # noqa: PTH110
        found |= {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1"}
    return found


def _is_true(value: str) -> bool:
    return value.strip().lower() in TRUE
