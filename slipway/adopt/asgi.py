"""Which application is served: `app.main:app`, or a factory, `app.main:create_app()`, as gunicorn takes it."""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from slipway.adopt.commands import SERVERS, Command, words
from slipway.adopt.files import Files, table
from slipway.adopt.findings import Untold, at
from slipway.adopt.source import assignments, calls, dotted, given, last, literal, text

TARGET = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)(\(\))?")
# What makes an application where nothing else tells: the nearest and most usual one.
USUAL = ("main.py", "app.py", "asgi.py", "application.py", "server.py", "api.py", "__init__.py")
LINE = 'asgi = "package.module:app"'


@dataclass(frozen=True)
class Application:
    """An application: its module and name, the module's file, and the folder that the import begins in."""

    target: str
    file: str
    root: str
    where: str


def application(files: Files, production: Sequence[Command], scripts: Sequence[Command]) -> Application | Untold:
    """Tell which one it is: by [tool.fastapi], what production runs, other scripts, and at last the code itself."""
    entrypoint = table(files.toml("pyproject.toml"), "tool", "fastapi").get("entrypoint")
    if isinstance(entrypoint, str) and (found := _placed(files, entrypoint, "pyproject.toml")):
        return found
    for command in (*production, *scripts):
        if found := _of_command(files, command):
            return found
    return _of_code(files)


def _of_command(files: Files, command: Command) -> Application | None:
    if SERVERS.search(command.line):
        if found := TARGET.search(SERVERS.split(command.line, maxsplit=1)[-1]):
            factory = "--factory" in command.line or found[3]
            return _placed(files, f"{found[1]}:{found[2]}{'()' if factory else ''}", command.where)
        named = [word for word in words(command.line) if word.endswith(".py") and "conf" not in word]
        for word in named:  # fastapi run app/main.py
            if name := next((one for one in files.code if f"/{word}".endswith(f"/{one}") or one.endswith(word)), ""):
                return next(_made_in(files, name), None)
    return _of_module(files, command)


def _of_module(files: Files, command: Command) -> Application | None:
    # python -m shop, python main.py: what that module serves.
    listed = words(command.line)
    if not any(re.fullmatch(r"(.*/)?python[\d.]*", word) for word in listed):
        return None
    name = ""
    if "-m" in listed[:-1]:
        module = listed[listed.index("-m") + 1]
        name = files.module(f"{module}.__main__") or files.module(module)
    else:
        named = next((word for word in listed if word.endswith(".py")), "")
        name = next((one for one in files.code if named and f"/{named}".endswith(f"/{one}")), "")
    for call in calls(files.tree(name) if name else None):
        for argument in [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "app")]:
            found = TARGET.fullmatch(text(argument) or "")
            if found and files.module(found[1]):
                factory = literal(given(call, "factory")) is True or found[3]
                return _placed(files, f"{found[1]}:{found[2]}{'()' if factory else ''}", at(name, call.lineno))
        if last(call.func) == "run" and call.args and isinstance(call.args[0], ast.Name):
            return next(_made_in(files, name), None)
    return None


def _placed(files: Files, target: str, where: str) -> Application | None:
    module = target.partition(":")[0]
    name = files.module(module)
    return Application(target, name, root_of(name, module), where) if name else None


def root_of(name: str, module: str) -> str:
    """Return the folder in which the import of a module begins, "" for the project's own."""
    part = module.replace(".", "/")
    ends = (f"{part}.py", f"{part}/__init__.py")
    tail = next((end for end in ends if f"/{name}".endswith(f"/{end}")), name)
    return name[: len(name) - len(tail)].rstrip("/")


def _of_code(files: Files) -> Application | Untold:
    every = [one for name in files.code for one in _made_in(files, name)]
    # An application that is a variable needs no call; a factory is taken where there is none.
    found = [one for one in every if not one.target.endswith("()")] or every
    if not found:
        return Untold(
            "No module makes a FastAPI application: there is no `FastAPI(`, and no command that serves one.", LINE
        )
    found.sort(key=_order)
    if len(found) > 1 and _order(found[0])[:3] == _order(found[1])[:3]:
        listed = ", ".join(f"{one.target} ({one.where})" for one in found)
        return Untold(f"Several applications could be the service: {listed}.", f'asgi = "{found[0].target}"')
    return found[0]


def _order(one: Application) -> tuple[int, int, bool, str]:
    path = PurePosixPath(one.file)
    usual = USUAL.index(path.name) if path.name in USUAL else len(USUAL)
    return usual, len(path.parts), one.target.rpartition(":")[2] not in ("app", "application", "create_app()"), one.file


def _made_in(files: Files, name: str) -> Iterator[Application]:
    tree = files.tree(name)
    if not tree or ("FastAPI" not in files.text(name) and "create_app" not in files.text(name)):
        return
    makers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and _makes(node)}
    module, root = _module_of(files, name)
    for variable, value, line in assignments(tree.body):
        called = last(value.func) if isinstance(value, ast.Call) else ""
        if called in ("FastAPI", "create_app", "create_application", "get_app", "make_app") or called in makers:
            yield Application(f"{module}:{variable}", name, root, at(name, line))
    for function, node in makers.items():
        required = len(node.args.args) - len(node.args.defaults) + len(
            [one for one in node.args.kw_defaults if one is None]
        )  # fmt: skip
        if not required:
            yield Application(f"{module}:{function}()", name, root, at(name, node.lineno))


def _makes(node: ast.FunctionDef) -> bool:
    return last(node.returns) == "FastAPI" or (
        any(calls(node, "FastAPI")) and any(isinstance(one, ast.Return) and one.value for one in ast.walk(node))
    )


def _module_of(files: Files, name: str) -> tuple[str, str]:
    """Return how a file is imported, and from which folder: packages as far up as there are any."""
    parts = list(PurePosixPath(name).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    begin = max(len(parts) - 1, 0)
    while begin and files.has("/".join([*parts[:begin], "__init__.py"])):
        begin -= 1
    # A layout with src: `src` may have an __init__.py, and be no package for that.
    first = 1 if parts[:1] == ["src"] and len(parts) > 1 and not _is_imported(files, "src") else 0
    if begin < first or (begin > first and not _imports_beside(files, "/".join(parts[:begin]))):
        begin = first  # a folder without __init__.py is a package as well
    return ".".join(parts[begin:]), "/".join(parts[:begin])


def _imports_beside(files: Files, folder: str) -> bool:
    # Whether modules of a folder import each other by their own names, as when it is what Python is started in.
    own = [name for name in files.code if name.startswith(f"{folder}/")]
    inside = {name[len(folder) + 1 :].removesuffix(".py").partition("/")[0] for name in own}
    return any(_imported(files, name) & inside - sys.stdlib_module_names for name in own)


def _is_imported(files: Files, package: str) -> bool:
    return any(package in _imported(files, name) for name in files.code)


def _imported(files: Files, name: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(files.tree(name) or ast.Module([], [])):
        if isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
    return found


def frameworks(files: Files) -> str:
    """Return the framework that a project without FastAPI has, "" for none that is known."""
    if files.has("manage.py") and "django" in files.text("manage.py"):
        return "Django"
    for name in files.code:
        for call in calls(files.tree(name), "Flask", "Sanic", "Litestar", "Starlette", "Quart"):
            return dotted(call.func).rpartition(".")[2]
    return ""
