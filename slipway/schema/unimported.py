"""Models that Alembic does not see: modules of the service that define tables, and that its env.py imports by no way.

The files are parsed; what was imported, the process that has run env.py knows.
"""

import ast
import importlib.util
import os
import re
import sys
from collections.abc import Collection, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

from sqlalchemy.orm import registry

NOT_THE_SERVICES = {"tests", "test", "alembic", "migrations", "slipway"}
OF_TESTS = ("test_*.py", "*_test.py", "conftest.py")
LIBRARIES = ("sqlalchemy", "sqlmodel")
BASES = {"DeclarativeBase", "DeclarativeBaseNoMeta"}  # what derives from these is a base itself
INSTALLED = {"site-packages", "dist-packages"}
IMPORTED = re.compile(r"^\s*(?:from|import)\s+(\w+)", re.MULTILINE)


def unimported(service: str, revisions: Collection[str | Path] = ()) -> tuple[str, ...]:
    """Return the modules of a service that define tables and are not imported here, by name.

    They are in its package, or in others beside it that it or env.py imports. `revisions` are folders of revisions,
    where tables are spoken of as they once were.
    """
    imported = {
        os.path.realpath(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))
    }
    return tuple(
        sorted(
            module
            for module, path in _modules(service).items()
            if os.path.realpath(path) not in imported
            and not any(path.resolve().is_relative_to(Path(one).resolve()) for one in revisions)
            and _defines_tables(path, module)
        )
    )


def _modules(service: str) -> dict[str, Path]:
    spec = _spec(service)
    if not spec:
        return {}
    root = _root(spec)
    if INSTALLED.intersection(root.parts):  # beside it are everybody's
        return _of(spec, service)
    found = {} if spec.submodule_search_locations else dict(_beside(spec))
    todo, seen = [service, *sys.modules], set(NOT_THE_SERVICES)
    while todo:
        name = todo.pop().partition(".")[0]
        if name in seen:
            continue
        seen.add(name)
        if (spec := _spec(name)) and _root(spec) == root:
            new = _of(spec, name)
            found |= new
            todo += [one for path in new.values() for one in IMPORTED.findall(_text(path))]
    return found


def _of(spec: ModuleSpec, name: str) -> dict[str, Path]:
    places = spec.submodule_search_locations
    if places is None:
        return {name: Path(spec.origin)} if spec.origin and spec.has_location else {}
    return dict(one for place in places for one in _below(Path(place), name))


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _root(spec: ModuleSpec) -> Path:
    # The folder from which it is imported.
    places = list(spec.submodule_search_locations or ())
    return Path(places[0] if places else spec.origin or "/").resolve().parent


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _beside(spec: ModuleSpec) -> Iterator[tuple[str, Path]]:
    # Of a module that is in no package: those beside it are the service's as well.
    folder = _root(spec)
    yield from ((path.stem, path) for path in folder.glob("*.py") if not _is_of_tests(path))
    for inner in folder.iterdir():
        if (inner / "__init__.py").exists() and inner.name not in NOT_THE_SERVICES:
            yield from _below(inner, inner.name)


def _below(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if not NOT_THE_SERVICES.intersection(parts) and not _is_of_tests(path):
            yield ".".join((package, *(parts[:-1] if path.name == "__init__.py" else parts))), path


def _is_of_tests(path: Path) -> bool:
    return any(path.match(one) for one in OF_TESTS)


def _defines_tables(path: Path, module: str) -> bool:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):  # who imports it says so
        return False
    tables = set(_names_of_table(tree))
    bases = set(_bases(tree, module if path.name == "__init__.py" else module.rpartition(".")[0]))
    return any(
        _is_model(node, bases)
        if isinstance(node, ast.ClassDef)
        else isinstance(node, ast.Call) and _is_table(node, tables)
        for node in ast.walk(tree)
    )


def _bases(tree: ast.Module, package: str) -> Iterator[str]:
    # How a module calls what it imports and models derive from, as far as that is imported here.
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            named = "." * node.level + (node.module or "")
            try:
                of = sys.modules.get(importlib.util.resolve_name(named, package or None))
            except ImportError:  # beyond the top
                continue
            for one in node.names:
                found = getattr(of, one.name, None)
                if isinstance(found, type) and isinstance(getattr(found, "registry", None), registry):
                    yield one.asname or one.name


def _names_of_table(tree: ast.Module) -> Iterator[str]:
    # How a module calls SQLAlchemy's Table; other libraries have one, too.
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LIBRARIES:
            yield from (one.asname or one.name for one in node.names if one.name == "Table")
        elif isinstance(node, ast.Import):
            named = [one for one in node.names if one.name.partition(".")[0] in LIBRARIES]
            yield from (f"{one.asname or one.name}.Table" for one in named)


def _is_table(call: ast.Call, names: set[str]) -> bool:
    return ast.unparse(call.func) in names and len(call.args) > 1 and isinstance(call.args[0], ast.Constant)


def _is_model(of: ast.ClassDef, known: set[str]) -> bool:
    assigned = dict(_assigned(of))
    if getattr(assigned.get("__abstract__"), "value", False):
        return False
    if "__tablename__" in assigned or any(one.arg == "table" and _is_true(one.value) for one in of.keywords):
        return True
    bases = {ast.unparse(one).rpartition(".")[2] for one in of.bases}
    if bases & known:  # it makes the name, and maybe the key
        return True
    return bool(bases - BASES) and any(_is_primary_key(value) for value in assigned.values())


def _assigned(of: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for node in of.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield ast.unparse(target), node.value


def _is_primary_key(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call) or ast.unparse(value.func).rpartition(".")[2] not in ("mapped_column", "Column"):
        return False
    return any(one.arg == "primary_key" and _is_true(one.value) for one in value.keywords)


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True
