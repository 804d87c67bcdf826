"""Python that is read, not run: names, calls, imports, and texts that are written out."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from slipway.adopt.files import Files

NOTHING = object()  # no literal


def dotted(node: ast.AST | None) -> str:
    """Return `a.b.c` of a name or attribute, "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def last(node: ast.AST | None) -> str:
    """Return the last part of a dotted name."""
    return dotted(node).rpartition(".")[2]


def calls(tree: ast.AST | None, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of what has one of these last names, all calls for none."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and (not names or last(node.func) in names):
            yield node


def given(call: ast.Call, name: str, position: int = -1) -> ast.expr | None:
    """Return what a call is given by keyword, or at a position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if 0 <= position < len(call.args) else None


def literal(node: ast.AST | None) -> object:
    """Return the constant that an expression is, NOTHING when it is none."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) else NOTHING
    return NOTHING


def text(node: ast.AST | None) -> str | None:
    """Return the string that an expression is, None when it is none."""
    value = literal(node)
    return value if isinstance(value, str) else None


def assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr, int]]:
    """Yield the names that statements set, with what, and in which line; also below an `if` or `try`."""
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                for one, value in _pairs(target, statement.value):
                    yield one, value, statement.lineno
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            yield statement.target.id, statement.value, statement.lineno
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            yield from assignments(statement.body)
            yield from assignments(getattr(statement, "orelse", []))


def named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that an assignment sets, with what: also several at once."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
        yield from _pairs(node.target, node.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one, other)


def package_of(name: str) -> list[str]:
    """Return the package that relative imports of a file begin in, as folders."""
    return list(PurePosixPath(name).parent.parts)


def imports(files: Files, name: str) -> dict[str, tuple[str, str]]:
    """Return what a module's names were imported as: the file, and the name in it ("" for the module itself)."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(files.tree(name) or ast.Module([], [])):
        if isinstance(node, ast.Import):
            for one in node.names:
                found[one.asname or one.name] = (files.module(one.name), "")
        elif isinstance(node, ast.ImportFrom):
            inside = _base(name, node)
            for one in node.names:
                submodule = _file(files, name, node, f"{inside}.{one.name}" if inside else one.name)
                module = "" if submodule else _file(files, name, node, inside)
                found[one.asname or one.name] = (submodule, "") if submodule else (module, one.name)
    return {alias: place for alias, place in found.items() if place[0]}


def _base(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folders = package_of(name)
    folders = folders[: len(folders) - node.level + 1]
    return ".".join([*folders, *([node.module] if node.module else [])])


def _file(files: Files, name: str, node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return files.module(module)
    part = module.replace(".", "/")  # a relative import says where exactly
    return next((one for one in (f"{part}.py", f"{part}/__init__.py") if files.has(one)), "")


def evaluated(node: ast.AST | None, known: Mapping[str, str]) -> str | None:
    """Return the text that an expression makes of constants and `known` names, None when that cannot be told."""
    if isinstance(node, ast.JoinedStr):
        parts = [evaluated(one.value if isinstance(one, ast.FormattedValue) else one, known) for one in node.values]
        return None if None in parts else "".join(filter(None, parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = evaluated(node.left, known), evaluated(node.right, known)
        return None if None in sides else "".join(filter(None, sides))
    if isinstance(node, ast.Name | ast.Attribute):
        return known.get(dotted(node), known.get(last(node)))
    return text(node)
