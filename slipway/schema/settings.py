"""What pyproject.toml says, as far as the schema goes."""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from slipway.schema import GIVEN, ini
from slipway.schema.database import Refused
from slipway.schema.statements import Limits

if sys.version_info >= (3, 11):  # noqa: UP036  # it runs in the service's environment
    import tomllib as toml
else:
    try:
        import tomli as toml  # newer Alembic brings it
    except ImportError:
        toml = None

FILE = Path("pyproject.toml")
ASGI = "app.main:app"


def table(pyproject: Path = FILE) -> dict[str, Any]:
    """Return [tool.slipway], as the image says it or else pyproject.toml; empty where neither does."""
    if given := os.environ.get(GIVEN):
        return dict(json.loads(given))
    if not pyproject.exists():
        return {}
    if not toml:
        raise Refused(f"Python 3.10 cannot read {pyproject}: add tomli to the dependencies, or set {GIVEN}.")
    document = toml.loads(pyproject.read_text(encoding="utf-8"))
    found: dict[str, Any] = document.get("tool", {}).get("slipway", {})
    return found


def read_limits(pyproject: Path = FILE) -> Limits:
    """Read [tool.slipway.migrate]; what it leaves out has its default.

    Raises Refused for what is no whole number, or no limit.
    """
    given = table(pyproject).get("migrate", {})
    known = {field.name.replace("_", "-"): field.name for field in dataclasses.fields(Limits)}
    for key, value in given.items():
        if key not in known or isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Refused(
                f"pyproject.toml: [tool.slipway.migrate] {key} = {value!r}; known are {', '.join(known)}, each a whole "
                "number from 1."
            )
    return Limits(**{known[key]: value for key, value in given.items()})


def enter() -> Path:
    """Go to where Alembic is run, if [tool.slipway] alembic names its .ini; return the project's folder.

    The settings go along, in the variable. Raises Refused.
    """
    root, found = Path.cwd(), table()
    if named := str(found.get("alembic", "")):
        path = root / named
        try:
            folder, _ = ini.scripts(path, root)
        except ini.Unfit as unfit:
            raise Refused(f"pyproject.toml: [tool.slipway] alembic = {named!r}: {unfit}.") from None
        os.environ[GIVEN] = json.dumps({**found, "alembic": str(path)})
        os.chdir(folder)
    return root


def alembic_ini() -> str | None:
    """Return the path of Alembic's .ini, None where it has none."""
    return table().get("alembic") or ("alembic.ini" if Path("alembic.ini").exists() else None)


def service() -> str:
    """Return the package, or module, that the service is in."""
    return str(table().get("asgi", ASGI)).partition(":")[0].partition(".")[0]


def linted_after() -> str:
    """Return the last revision that is not linted, "" where all are."""
    return str(table().get("lint", {}).get("after", ""))
