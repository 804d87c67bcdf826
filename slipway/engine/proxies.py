"""A company's proxy: the Docker client gives it to every container, and what is near must not be asked through it.

https://docs.docker.com/engine/cli/proxy/. An address may hold a password: none is passed on here.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slipway.core.caller import expanded
from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import client

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
ADDRESSES = ("httpProxy", "httpsProxy", "ftpProxy", "allProxy")  # in config.json
NEAR = ("localhost", "127.0.0.1", "::1", "db", "web", "proxy")
DEFAULT = "default"


def exempt(shell: Shell, *names: str) -> str:
    """Return NO_PROXY for containers that ask these names, "" when the client gives them no proxy."""
    config = read()
    shell.steps.secrets.add(*logins(config))
    here = client.host(shell) if set(config) - {DEFAULT} else ""
    return merged(config, here, names)


def read() -> Mapping[str, Any]:
    """Return `proxies` of the client's config.json, by engine; what cannot be read, the client leaves out as well."""
    folder = expanded(os.environ.get("DOCKER_CONFIG") or "~/.docker")
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))["proxies"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()) else {}


def logins(proxies: Mapping[str, Any]) -> set[str]:
    """Return the names with passwords that addresses hold: they are never shown."""
    each = [one.get(name) for one in proxies.values() for name in ADDRESSES]
    return {login for address in each if ":" in (login := str(address or "").rpartition("@")[0].rpartition("/")[2])}


def merged(proxies: Mapping[str, Any], host: str, names: Iterable[str]) -> str:
    """Return what is exempt for an engine at `host`: what the client says, and then these names and what is near.

    "" when containers get no proxy there, or none is asked for anything.
    """
    found = proxies.get(host, proxies.get(DEFAULT)) or {}
    said = str(found.get("noProxy") or "").strip()
    if said == "*" or not any(found.get(name) for name in ADDRESSES):
        return ""
    mine = [word.strip() for word in said.split(",")]
    return ",".join(dict.fromkeys(filter(None, [*mine, *NEAR, *names])))


def variables(exempted: str) -> dict[str, str]:
    """Return the variables that say so: the client adds the spelling that is missing."""
    return {"NO_PROXY": exempted, "no_proxy": exempted} if exempted else {}


def options(shell: Shell, *names: str) -> list[str]:
    """Return the options for a one-off that asks these names."""
    return [word for pair in variables(exempt(shell, *names)).items() for word in ("--env", "=".join(pair))]


def overlay(services: Mapping[str, Mapping[str, Any]], exempted: str) -> str:
    """Return a Compose file that says so to each service; one that sets such a variable itself knows better."""
    taken = {spelled for name in NAMES for spelled in (name, name.lower())}
    told = [name for name, service in services.items() if not taken & (service.get("environment") or {}).keys()]
    each = {"environment": variables(exempted)}
    return json.dumps({"services": dict.fromkeys(told, each)}, indent=2) + "\n"


def file(shell: Shell, target: Path, config: list[str], env: Mapping[str, str], alias: str = "") -> str:
    """Have the Compose file that says so at hand; return its path, "" when no proxy is given.

    `target` is in the project's folder. `config` is the command that prints Compose's services as JSON, `alias` a name
    with Compose's variables in it. Raises Problem.
    """
    if not exempt(shell):
        return ""
    services = json.loads(shell.output(config, env=env))["services"]
    exempted = ",".join(filter(None, [exempt(shell, *services).replace("$", "$$"), alias]))
    write(shell.root / target, overlay(services, exempted))
    return str(target)


def write(target: Path, text: str) -> None:
    """Write a Compose file in one step, as another verb may be reading it; raises Problem."""
    new = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        new.replace(target)
    except OSError as error:
        raise Problem(f"{target} cannot be written: {error.strerror}.") from None
