"""The tables of [tool.slipway], as they are written into pyproject.toml: what differs from the defaults."""

import json
import re
from collections.abc import Iterable, Mapping

from slipway.adopt.detect import Detected
from slipway.adopt.files import Files, table
from slipway.adopt.findings import Untold
from slipway.adopt.gates import gates
from slipway.adopt.layout import LOCKS, canonical
from slipway.project.database import NAMES

Value = str | int | bool | list[str]
BARE = re.compile(r"[A-Za-z0-9_-]+")
FOUND = ("", *LOCKS, "requirements.txt")  # what is looked for without being named


def tables(files: Files, found: Detected) -> dict[str, dict[str, Value]]:
    """Return the tables by name, in the order in which they are written."""
    suite = found.suite
    tests: dict[str, Value] = {"image": []}  # pytest is not in it
    if [one.value for one in suite.folders] != ["tests"]:
        tests = {"host": [one.value for one in suite.folders]} | tests
    if suite.folders and not suite.has_xdist:
        tests["workers"] = 1
    if suite.migrate.value:
        tests["migrate"] = True
    if suite.extras:
        tests["extras"] = list(suite.extras)
    lint, types = gates(files, found.locked, found.application)
    migrated = found.migrations if found.database else None  # of a database that Slipway can run
    head = migrated.head if migrated else ""
    given = {*NAMES, *(found.database.rendered if found.database else ())}  # Slipway's own to say
    return {
        "": _own(files, found),
        "build-args": {name: one.value for name, one in found.arguments.items()},
        "secrets": {one.name: one.least for one in found.secrets},
        "database": dict(found.database.rendered) if found.database else {},
        "tests": tests,
        "tests.env": {name: value for name, value in suite.env.items() if name not in given},
        "hooks": {"after-migrate": [one.value for one in found.after_migrate]} if found.after_migrate else {},
        "lint": {"after": head} if head else {},
        "release": {"lint": lint, "types": types},
    }


def _own(files: Files, found: Detected) -> dict[str, Value]:
    said = files.pyproject("project").get("name")
    image, migrated = found.image, found.migrations if found.database else None
    values: dict[str, Value] = {}
    if found.name.value != said:
        values["name"] = found.name.value
    if found.application:
        values["asgi"] = found.application.target
    values["health"] = found.answers.health.value or "/"
    values["docs"] = found.answers.docs.value
    if found.answers.host.value:
        values["health-host"] = found.answers.host.value
    if found.port.value != 8000:
        values["port"] = found.port.value
    if found.python.value not in ("", "3.13"):
        values["python"] = found.python.value
    if found.pythonpath:
        values["pythonpath"] = [one.value for one in found.pythonpath]
    if found.lock.value not in FOUND or sum(files.has(name) for name in LOCKS) > 1:
        values["lock"] = found.lock.value
    if image and image.context not in (".", ""):
        values["context"] = image.context
    if image and image.path != "Dockerfile":
        values["dockerfile"] = image.path
    if image and image.target:
        values["target"] = image.target
    if found.copied:
        values["copy"] = [one.value for one in found.copied]
    if migrated and migrated.ini not in ("alembic.ini", "pyproject.toml"):
        values["alembic"] = migrated.ini
    values["migrations"] = migrated.folder if migrated else ""
    if found.writable:
        values["writable"] = [one.value for one in found.writable]
    if found.env_file.where:
        values["env-file"] = found.env_file.value
    values["secrets-as"] = "environment"
    return values


def written(name: str, values: Mapping[str, Value]) -> str:
    """Return a table as TOML, with a line that says whose it is above the first."""
    head = f"[tool.slipway.{name}]" if name else "[tool.slipway]"
    return "\n".join([head, *(f"{_key(key)} = {spelled(value)}" for key, value in values.items())])


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else spelled(key)


def spelled(value: Value) -> str:
    """Return a value as TOML spells it."""
    if isinstance(value, list):
        return f"[{', '.join(spelled(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def pyproject(files: Files, found: Detected, before: str) -> tuple[str, list[Untold]]:
    """Return pyproject.toml with the tables after all that is in it, and what has to be done by hand.

    One that has [tool.slipway] already stays as it is: what it says was decided.
    """
    document = files.toml("pyproject.toml") if before else {}
    made = tables(files, found)
    if "slipway" in table(document, "tool"):
        own, hooks = table(document, "tool", "slipway"), table(document, "tool", "slipway", "hooks")
        of_before = {key: own[key] for key in made["hooks"] if key in own}  # where earlier versions had them
        differs = [*_differs("slipway", own, made[""]), *_differs("slipway.hooks", of_before | hooks, made["hooks"])]
        return before, differs
    parts = [before.rstrip("\n")] if before.strip() else []
    untold: list[Untold] = []
    if "project" not in document and "poetry" not in table(document, "tool"):
        parts.append(_project(found))
    elif not isinstance(
        table(document, "project").get("version") or table(document, "tool", "poetry").get("version"), str
    ):
        untold.append(Untold("pyproject.toml names no version, which each release raises. In [project], write:",
                             'version = "0.1.0"'))  # fmt: skip
    parts.append("# What Slipway knows of this service; its docs/settings.md explains each key.")
    written_tables = [written(name, values) for name, values in made.items() if values or not name]
    return "\n\n".join([*parts[:-1], f"{parts[-1]}\n{written_tables[0]}", *written_tables[1:]]) + "\n", untold


def _project(found: Detected) -> str:
    values: dict[str, Value] = {"name": canonical(found.name.value), "version": "0.1.0"}
    if found.python.value:
        values["requires-python"] = f">={found.python.value}"
    return "\n".join(["[project]", *(f"{key} = {spelled(value)}" for key, value in values.items())])


def _differs(name: str, own: Mapping[str, object], made: Mapping[str, Value]) -> Iterable[Untold]:
    for key, value in made.items():
        if key == "secrets-as":  # nothing but a decision
            continue
        if key not in own and value not in ("", "/"):
            yield Untold(
                f"[tool.{name}] has no {key}, and the project looks as if it were:", f"{key} = {spelled(value)}"
            )
        elif key in own and own[key] != value and value not in ("", "/"):
            now = json.dumps(own[key], default=str)
            what = f"[tool.{name}] {key} is {now}, and stays; the project looks as if it were:"
            yield Untold(what, f"{key} = {spelled(value)}")
