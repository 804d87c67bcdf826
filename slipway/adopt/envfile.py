"""Which file has the settings: .env, unless the service reads that itself and takes nothing else in it."""

from slipway.adopt import classes
from slipway.adopt.files import Files, table
from slipway.adopt.findings import Found, at
from slipway.core.sources import FILE

OWN = ".env.slipway"


def env_file(files: Files) -> Found[str]:
    """Return the name of the file, and where it shows that it has to be another than .env.

    pydantic-settings refuses each variable of an `env_file` that is no field, whatever the prefix, unless `extra` says
    otherwise; Slipway's DATABASE_* would be such.
    """
    for one in classes.settings(files):
        if one.is_used and one.reads_itself and FILE in one.env_file.split() and one.extra == "forbid":
            return Found(OWN, at(one.file, one.node.lineno))
    return Found(FILE, "")


def of_project(files: Files, found: Found[str]) -> str:
    """Return the name of the file: what [tool.slipway] says where there is one, else what was found."""
    tool = table(files.toml("pyproject.toml"), "tool") if files.has("pyproject.toml") else {}
    return str(table(tool, "slipway").get("env-file", FILE)) if "slipway" in tool else found.value
