"""Alembic's migrations: where they are, and which one is the newest."""

import ast
import configparser
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from slipway.adopt.files import BESIDE, Files, strings, table
from slipway.adopt.findings import Untold, at
from slipway.adopt.source import NOTHING, assignments, literal

CREATED = re.compile(r"(?mi)^\s*Create Date:\s*([\d: .T+-]+)")


@dataclass(frozen=True)
class Migrations:
    """Where the revisions are: `ini` is Alembic's configuration, `folder` that with env.py.

    `head` is the newest revision, "" for none. `paths` are the folders that Alembic imports from, as it is told.
    """

    ini: str
    where: str
    folder: str
    head: str = ""
    count: int = 0
    paths: tuple[str, ...] = ()
    is_async: bool = False


@dataclass(frozen=True)
class Revision:
    """A revision, those before it, and when it was made, as its text says."""

    name: str
    before: tuple[str, ...]
    file: str
    created: str


def migrations(files: Files) -> tuple[Migrations | None, list[Untold]]:
    """Return the migrations of a project, None for none, with what could not be told of them."""
    untold: list[Untold] = []
    configurations = [name for name in files.called("alembic.ini", "alembic_*.ini", "*/alembic.ini") if _own(name)]
    if not configurations and table(files.toml("pyproject.toml"), "tool", "alembic"):
        configurations = ["pyproject.toml"]
    for name in configurations[:1]:
        options, line = _options(files, name)
        folder = _folder(files, name, options.get("script_location", ""))
        if not folder:
            untold.append(Untold(
                f"{at(name, line)} says script_location = {options.get('script_location', '')!r}, and there is no "
                "env.py in that folder.", 'migrations = "FOLDER"',
            ))  # fmt: skip
            return None, untold
        if len(configurations) > 1:
            untold.append(Untold(f"There are several configurations of Alembic ({', '.join(configurations)}); "
                                 f"{name} is taken.", f'alembic = "{configurations[1]}"'))  # fmt: skip
        found = _revisions(files, name, folder, options)
        head, several = _head(found)
        untold += several
        return Migrations(
            name, at(name, line), folder, head, len(found), _paths(files, name, options),
            bool(re.search(r"async def|async_engine", files.text(f"{folder}/env.py"))),
        ), untold  # fmt: skip
    if lone := [name for name in files.called("env.py") if _own(name) and "run_migrations" in files.text(name)]:
        untold.append(
            Untold(f"{lone[0]} is Alembic's, and there is no alembic.ini: put it back.", 'alembic = "alembic.ini"')
        )
    return None, untold


def _own(name: str) -> bool:
    return not name.startswith("..") and not BESIDE & set(name.split("/"))


def _options(files: Files, name: str) -> tuple[dict[str, str], int]:
    """Return what a configuration says in [alembic], and the line of script_location."""
    text = files.text(name)
    line = next((number for number, one in enumerate(text.split("\n"), 1) if re.match(r"\s*script_location", one)), 0)
    if name.endswith(".toml"):
        said = table(files.toml(name), "tool", "alembic")
        return {key: " ".join(strings(value)) for key, value in said.items()}, line
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, delimiters=("=",))
    try:
        parser.read_string(text)
        return {key: value or "" for key, value in parser.items("alembic")}, line
    except (configparser.Error, AttributeError):  # the latter of a line that continues nothing
        return dict(re.findall(r"(?m)^(\w+)[ \t]*=[ \t]*(\S+)", text)), line


def _placed(files: Files, name: str, path: str) -> list[str]:
    # As seen from the folder of the configuration, in which Alembic is called, or from the project's.
    path = path.replace("%(here)s/", "").replace("%(here)s", ".").strip()
    if ":" in path and "/" not in path:  # package:folder
        path = path.replace(".", "/").replace(":", "/")
    folder = PurePosixPath(name).parent
    return list(dict.fromkeys((files.relative(folder / path), files.relative(path))))


def _folder(files: Files, name: str, location: str) -> str:
    if not location:
        return ""
    return next((one for one in _placed(files, name, location) if files.has(f"{one}/env.py")), "")


def _paths(files: Files, name: str, options: dict[str, str]) -> tuple[str, ...]:
    said = re.split(r"[:;,\s]+", options.get("prepend_sys_path", "").partition(" #")[0])
    placed = [_placed(files, name, one)[0] for one in said if one]
    return tuple(dict.fromkeys("" if one == "." else one for one in placed))


def _revisions(files: Files, name: str, folder: str, options: dict[str, str]) -> list[Revision]:
    listed = options.get("version_locations", "").partition(" #")[0]
    apart = r"[\s,;]+|:(?!\w+$)" if "%(here)s" in listed or "/" in listed else r"[\s,:;]+"
    folders = [place for one in re.split(apart, listed) if one for place in _placed(files, name, one)]
    recursive = options.get("recursive_version_locations", "").lower() in ("true", "1", "yes")
    found = []
    for one in files.inside:
        parent = one.rpartition("/")[0]
        is_in = parent in (folders or [f"{folder}/versions"])
        if recursive:
            is_in = any(f"{parent}/".startswith(f"{place}/") for place in folders or [f"{folder}/versions"])
        if is_in and one.endswith(".py") and (revision := _revision(files, one)):
            found.append(revision)
    return found


def _revision(files: Files, name: str) -> Revision | None:
    tree = files.tree(name)
    said: dict[str, object] = {}
    for key, value, _ in assignments(tree.body if tree else []):
        if key in ("revision", "down_revision"):
            items = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
            said[key] = [literal(one) for one in items if literal(one) not in (None, NOTHING)]
    own = said.get("revision")
    if not isinstance(own, list) or not own:
        return None
    before = said.get("down_revision")
    created = CREATED.search(files.text(name))
    return Revision(str(own[0]), tuple(map(str, before)) if isinstance(before, list) else (), name,
                    created[1].strip() if created else "")  # fmt: skip


def _head(found: list[Revision]) -> tuple[str, list[Untold]]:
    before = {one for revision in found for one in revision.before}
    heads = [one for one in found if one.name not in before and not any(b.startswith(one.name) for b in before)]
    if len(heads) == 1:
        return heads[0].name, []
    if not heads:
        return "", [Untold("The revisions run in a circle, so none of them is the newest.")] if found else []
    listed = ", ".join(f"{one.name} ({one.file})" for one in heads)
    newest = max(heads, key=lambda one: one.created)
    what = f"The revisions have several heads: {listed}. Join them (alembic merge heads), then in [tool.slipway.lint]:"
    return "", [Untold(what, f'after = "{newest.name}"')]
