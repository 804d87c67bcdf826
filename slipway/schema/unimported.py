"""Models that Alembic does not see: modules of the service that define tables, and that its env.py imports by no way.

The files are parsed; what was imported, the process that has run env.py knows.
"""

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

NOT_THE_SERVICES = {"tests", "test", "alembic", "migrations", "slipway"}
OF_TESTS = ("test_", "conftest.")
LIBRARIES = ("sqlalchemy", "sqlmodel")


def unimported(service: str) -> tuple[str, ...]:
    """Return the modules beside or below `service` that define tables and are not imported here, by name."""
    imported = {
        os.path.realpath(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))
    }
    return tuple(
        sorted(
            module
            for module, path in _modules(service)
            if os.path.realpath(path) not in imported and _defines_tables(path)
        )
    )


def _modules(service: str) -> Iterator[tuple[str, Path]]:
    # All modules of a package; those beside a module that is in none.
    try:
        spec = importlib.util.find_spec(service)
    except (ImportError, ValueError):
        return
    if not spec:
        return
    if spec.submodule_search_locations is not None:
        for place in spec.submodule_search_locations:
            yield from _below(Path(place), service)
    elif spec.origin:
        folder = Path(spec.origin).parent
        yield from ((path.stem, path) for path in folder.glob("*.py") if not path.name.startswith(OF_TESTS))
        for inner in folder.iterdir():
            if (inner / "__init__.py").exists() and inner.name not in NOT_THE_SERVICES:
                yield from _below(inner, inner.name)


def _below(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if not NOT_THE_SERVICES.intersection(parts) and not path.name.startswith(OF_TESTS):
            yield ".".join((package, *(parts[:-1] if path.name == "__init__.py" else parts))), path


def _defines_tables(path: Path) -> bool:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):  # who imports it says so
        return False
    tables = set(_names_of_table(tree))
    return any(
        _is_model(node) if isinstance(node, ast.ClassDef) else isinstance(node, ast.Call) and _is_table(node, tables)
        for node in ast.walk(tree)
    )


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


def _is_model(of: ast.ClassDef) -> bool:
    assigned = dict(_assigned(of))
    if getattr(assigned.get("__abstract__"), "value", False):
        return False
    if "__tablename__" in assigned or any(one.arg == "table" and _is_true(one.value) for one in of.keywords):
        return True
    return bool(of.bases) and any(_is_primary_key(value) for value in assigned.values())  # its base makes the name


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
