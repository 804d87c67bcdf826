"""The GET routes of an application, with the prefixes of the routers that they are in."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from slipway.adopt.files import Files
from slipway.adopt.findings import at
from slipway.adopt.source import assignments, calls, evaluated, given, imports, last, named

MAKERS = ("APIRouter", "FastAPI", "Router")
Key = tuple[str, str]  # a file, and the router's name in it


@dataclass(frozen=True)
class Route:
    """A GET route; `is_sure` says that every prefix of it is known."""

    path: str
    where: str
    is_sure: bool


@dataclass
class _Routers:
    prefixes: dict[Key, str | None] = field(default_factory=dict)
    parents: dict[Key, list[tuple[Key, str | None]]] = field(default_factory=dict)
    routes: list[tuple[Key, str, str]] = field(default_factory=list)
    applications: set[Key] = field(default_factory=set)


def constants(files: Files) -> dict[str, str]:
    """Return the texts that names of the code stand for: settings with a default, constants of modules."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name in files.code:
        tree = files.tree(name)
        bodies = [tree.body] if tree else []
        bodies += [node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef)] if tree else []
        for body in bodies:
            for key, value, _ in assignments(body):
                if isinstance(value, ast.Call):
                    default = given(value, "default", 0 if last(value.func) == "Field" else -1)
                    value = default if default is not None else value
                said = evaluated(value, {})
                if said is not None:
                    twice |= {key} if found.get(key, said) != said else set()
                    found.setdefault(key, said)
    return {key: value for key, value in found.items() if key not in twice}


def routes(files: Files) -> list[Route]:
    """Return the GET routes of all modules, those whose path is known before the others."""
    known = constants(files)
    routers = _Routers()
    for name in files.code:
        if files.tree(name) and any(word in files.text(name) for word in ("outer", "app", "FastAPI", ".get(")):
            _gather(files, name, known, routers)
    found = []
    for key, path, where in routers.routes:
        for prefix in _full(routers, key):
            found.append(Route(f"{prefix or ''}{path}" or "/", where, prefix is not None))
    return sorted(found, key=lambda one: not one.is_sure)


def _gather(files: Files, name: str, known: dict[str, str], routers: _Routers) -> None:
    tree = files.tree(name)
    places = imports(files, name)
    for node in ast.walk(tree or ast.Module([], [])):
        for target, value in named(node):
            if isinstance(value, ast.Call) and last(value.func) in MAKERS:
                key = (name, target)
                if last(value.func) == "FastAPI":
                    routers.applications.add(key)
                routers.prefixes[key] = _said(given(value, "prefix"), known)
    for call in calls(tree, "include_router", "mount"):
        if isinstance(call.func, ast.Attribute):
            argument = given(call, "router", 0) if call.func.attr == "include_router" else given(call, "app", 1)
            child = _key(files, name, places, argument)
            parent = _key(files, name, places, call.func.value)
            path = given(call, "prefix") if call.func.attr == "include_router" else given(call, "path", 0)
            if child and parent:
                routers.parents.setdefault(child, []).append((parent, _said(path, known)))
    for one, said, line in _decorated(tree, known):
        if router := _key(files, name, places, one):
            routers.routes.append((router, said, at(name, line)))


def _said(node: ast.expr | None, known: dict[str, str]) -> str | None:
    return "" if node is None else evaluated(node, known)


def _decorated(tree: ast.Module | None, known: dict[str, str]) -> Iterator[tuple[ast.expr, str, int]]:
    for node in ast.walk(tree or ast.Module([], [])):
        for call in node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _is_open(call):
                path = evaluated(given(call, "path", 0), known)
                if path is not None and (call.func.attr == "get" or _allows_get(call)):
                    yield call.func.value, path, call.lineno
        if isinstance(node, ast.Call) and last(node.func) in ("add_api_route", "add_route"):
            path = evaluated(given(node, "path", 0), known)
            if isinstance(node.func, ast.Attribute) and path is not None and _is_open(node):
                methods = given(node, "methods")
                if methods is None or _allows_get(node):
                    yield node.func.value, path, node.lineno


def _is_open(call: ast.Call) -> bool:
    return given(call, "dependencies") is None  # most of them ask who it is


def _allows_get(call: ast.Call) -> bool:
    methods = given(call, "methods")
    return isinstance(call.func, ast.Attribute) and methods is not None and "GET" in ast.unparse(methods).upper()


def _key(
    files: Files, name: str, places: dict[str, tuple[str, str]], node: ast.expr | None, depth: int = 0
) -> Key | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in places:
        file, inner = places[node.value.id]
        return _followed(files, (file, node.attr), depth) if not inner else None
    if isinstance(node, ast.Name):
        if node.id in places:
            return _followed(files, places[node.id], depth)
        return (name, node.id)
    return None


def _followed(files: Files, key: Key, depth: int) -> Key:
    # A package may hand on what a module of it defines.
    file, name = key
    handed = imports(files, file).get(name) if file.endswith("__init__.py") and depth < 5 else None
    return _followed(files, handed, depth + 1) if handed and handed[1] else key


def _full(routers: _Routers, key: Key, depth: int = 0) -> list[str | None]:
    own = routers.prefixes.get(key, "")
    if key in routers.applications and key not in routers.parents:
        return [own or ""]
    if depth > 10 or key not in routers.parents:
        return [None]  # who includes it is not known
    found: list[str | None] = []
    for parent, prefix in routers.parents[key][:5]:
        for above in _full(routers, parent, depth + 1)[:5]:
            parts = (above, prefix, own)
            found.append(None if None in parts else "".join(part for part in parts if part))
    return found
