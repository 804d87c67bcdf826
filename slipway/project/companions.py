"""What stands beside the service without Docker: `[tool.slipway.companions]`, and the settings that name it.

A companion is a service of the Compose files, such as a Redis. Its name is the host that settings have.
"""

import re
from collections.abc import Mapping

from slipway.core.errors import Problem
from slipway.project.processes import TAKEN, check_command

KEY = "companions"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a service of Compose
# An address: behind the // or the login of a URL; or, as the name may be a word as well, with a port.
ADDRESS = r"(?:(?<=//)|(?<=@)){name}(?::(\d+))?(?=[/?#,;]|$)|(?:^|(?<=,)){name}:(\d+)(?=[,;/]|$)"
HOST = re.compile(r"(.*?_?)(HOST|HOSTNAME|SERVER)")  # of a setting that has a host alone


def check(table: Mapping[str, str]) -> None:
    """Raise Problem for what is no companion's name, or no command."""
    for name, command in table.items():
        where = f"pyproject.toml: [tool.slipway.{KEY}] {name}"
        if not NAME.fullmatch(name) or name in TAKEN:
            raise Problem(f"{where} is not the name of a service of the Compose files beside {', '.join(TAKEN)}.")
        if command:  # "" is for one that is not started
            check_command(command, f"{where} = {command!r}")


def named(values: Mapping[str, str], name: str) -> int | None:
    """Return the port at which settings name a companion, 0 where they have none; None when none names it."""
    ports = [one[1] or one[2] or "" for value in values.values() for one in _pattern(name).finditer(value)]
    for variable, value in values.items():
        if value == name and HOST.fullmatch(variable):
            ports.append(values.get(_port(variable), ""))
    if not ports:
        return None
    return next((int(port) for port in ports if port.isdigit()), 0)


def seen_at(values: Mapping[str, str], name: str, host: str, port: int) -> dict[str, str]:
    """Return the settings that name a companion, as they are where it is at this host and port.

    Those are addresses with its name as host; a setting `..._HOST`, `..._HOSTNAME` or `..._SERVER` that is its name,
    and `..._PORT` beside that.
    """
    found: dict[str, str] = {}
    for variable, value in values.items():
        if value == name and HOST.fullmatch(variable):
            found |= {variable: host, _port(variable): str(port)}
        elif (here := _pattern(name).sub(f"{host}:{port}", value)) != value:
            found[variable] = here
    return found


def _port(variable: str) -> str:
    match = HOST.fullmatch(variable)
    return f"{match[1]}PORT" if match else ""


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(ADDRESS.replace("{name}", re.escape(name)))
