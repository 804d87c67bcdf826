"""Which file has the settings: .env, unless the service reads that itself and takes nothing else in it."""

import ast
from collections.abc import Iterator, Mapping

from slipway.adopt import classes
from slipway.adopt.files import Files, table
from slipway.adopt.findings import Found, Untold, at
from slipway.adopt.source import assignments, calls, given, last, text
from slipway.core.sources import FILE
from slipway.project import dotenv

OWN, PRODUCTION = ".env.slipway", f"{FILE}.prod"
FINDS = "find_dotenv"  # python-dotenv's, which finds .env where it is told no other name
PROJECT = "COMPOSE_PROJECT_NAME"
COMPOSE = ("compose*.y*ml", "docker-compose*.y*ml")


def env_file(files: Files) -> Found[str]:
    """Return the name of the file, and where it shows that it has to be another than .env.

    pydantic-settings refuses each variable of an `env_file` that is no field, whatever the prefix, unless `extra` says
    otherwise; Slipway's DATABASE_* would be such. A folder .env, an environment of Python's as a rule, can be no file.
    An environment's settings are in a file that is called after it: where there is one for production, others read it.
    """
    if (files.project / FILE).is_dir():
        return Found(OWN, f"{FILE} is a folder")
    if (files.project / PRODUCTION).exists():
        return Found(OWN, f"{PRODUCTION} is the project's own already")
    trees = [tree for name in files.code if (tree := files.tree(name))]
    known = {name: value for tree in trees for name, value, _ in assignments(tree.body)}
    for one in classes.settings(files):
        told = [given(call, "_env_file") for tree in trees for call in calls(tree, one.node.name)]
        is_read = any(_is_own(name) for value in (one.env_file, *told) for name in _strings(value, known))
        if one.is_used and one.reads_itself and is_read and one.extra == "forbid":
            return Found(OWN, at(one.file, one.node.lineno))
    return Found(FILE, "")


def _is_own(name: str) -> bool:
    # As a whole, or after a folder that an f-string has: one above the project is another file.
    return name in (FILE, f"/{FILE}", f"./{FILE}")


def _strings(value: ast.expr | None, known: Mapping[str, ast.expr], depth: int = 0) -> Iterator[str]:
    # Those in an expression, through names that a module sets.
    for node in ast.walk(value) if value and depth < 5 else ():
        if said := text(node):
            yield said
        elif last(node) in known:
            yield from _strings(known[last(node)], known, depth + 1)
        elif isinstance(node, ast.Call) and last(node.func) == FINDS and not node.args:
            yield FILE


def of_project(files: Files, found: Found[str]) -> str:
    """Return the name of the file: what [tool.slipway] says where there is one, else what was found."""
    tool = files.pyproject("tool")
    return str(table(tool, "slipway").get("env-file", FILE)) if "slipway" in tool else found.value


def unseen(files: Files, file: str) -> list[Untold]:
    """Say of a .env that is a link that nothing of it is in the `file` that has the settings."""
    if not (files.project / FILE).is_symlink() or files.has(file):
        return []
    what = f"{FILE} is a link, which is not followed: {file} will not begin with what it has."
    told = f"{FILE} is a link, which is left alone: what .env.example has of Slipway's own is for you to add."
    return [Untold(told)] if file == FILE else [Untold(what, f"cp {FILE} {file}")]


def shared(files: Files, file: str, env: str | None, name: str) -> list[Untold]:
    """Say of a Compose project's name in `env`, the text of `file`, that the project's own Compose files have it too.

    Compose takes what has the name of a service there for that service, and replaces it. `name` is the project's.
    """
    theirs = dotenv.parse(files.text(FILE) if files.has(FILE) else "")[0].get(PROJECT)
    called = dotenv.parse(env or "")[0].get(PROJECT)
    if not called or called != theirs or not files.called(*COMPOSE):
        return []
    where = (
        f'Write env-file = "{OWN}" into [tool.slipway], and into that file' if file == FILE else f"Write into {file}"
    )
    what = (
        f"{file}: {PROJECT} names what your own Compose files start as well, and a container of theirs that is called "
        f"db or web would be replaced by Slipway's. {where} another name:"
    )
    return [Untold(what, f"{PROJECT}={name}-inv")]
