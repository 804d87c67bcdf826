"""Folders of its own package that a service writes to: logs, uploads."""

import ast
import posixpath
import re
from pathlib import PurePosixPath

from slipway.adopt.files import Files
from slipway.adopt.findings import Found, at
from slipway.adopt.source import assignments, calls, dotted, given, last, text

WRITERS = ("FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler")
MAKERS = ("makedirs", "mkdir")


def writable(files: Files) -> list[Found[str]]:
    """Return the folders inside the project that its code makes or writes log files to."""
    found: dict[str, Found[str]] = {}
    for name in files.code:
        tree = files.tree(name)
        if not tree or not re.search(r"makedirs|mkdir|FileHandler|open\(", files.text(name)):
            continue
        known = {key: value for key, value, _ in assignments(tree.body)}
        for call in calls(tree):
            folder = _folder(name, call, known)
            if folder is not None and folder not in ("", ".") and not folder.startswith(("..", "/")):
                found.setdefault(folder, Found(folder, at(name, call.lineno)))
    return [one for one in found.values() if not any(one.value.startswith(f"{other}/") for other in found)]


def _folder(name: str, call: ast.Call, known: dict[str, ast.expr]) -> str | None:
    function = last(call.func)
    if not function and isinstance(call.func, ast.Attribute):
        function = call.func.attr
    if function in WRITERS:
        path = _path(name, given(call, "filename", 0), known)
        return str(PurePosixPath(path).parent) if path is not None else None
    if function == "makedirs":
        return _path(name, given(call, "name", 0), known)
    if function == "mkdir" and isinstance(call.func, ast.Attribute):
        if dotted(call.func.value) == "os":
            return _path(name, given(call, "path", 0), known)
        return _path(name, call.func.value, known)
    if function == "open" and isinstance(call.func, ast.Name):
        mode = text(given(call, "mode", 1)) or "r"
        path = _path(name, given(call, "file", 0), known) if set(mode) & set("wax+") else None
        return str(PurePosixPath(path).parent) if path is not None else None
    return None


def _path(name: str, node: ast.expr | None, known: dict[str, ast.expr], depth: int = 0) -> str | None:
    """Return the path that an expression is, as seen from the project, None when that cannot be told."""
    if node is None or depth > 20:
        return None

    def inner(one: ast.expr | None) -> str | None:
        return _path(name, one, known, depth + 1)

    if isinstance(node, ast.Name):
        return name if node.id == "__file__" else inner(known.get(node.id))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _joined([inner(node.left), inner(node.right)])
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return _above(inner(node.value))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
        number, path = node.slice, inner(node.value.value)
        for _ in range(number.value + 1 if isinstance(number, ast.Constant) and isinstance(number.value, int) else 99):
            path = _above(path)
        return path
    if isinstance(node, ast.Call):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else last(node.func)
        if function in ("resolve", "absolute") and isinstance(node.func, ast.Attribute):
            return inner(node.func.value)
        if function == "dirname" and node.args:
            return _above(inner(node.args[0]))
        if function in ("abspath", "realpath", "Path", "str") and node.args:
            return _joined([inner(one) for one in node.args])
        if function == "join":
            return _joined([inner(one) for one in node.args])
        if function in ("getcwd", "cwd"):
            return "."
        return None
    return text(node)


def _above(path: str | None) -> str | None:
    return None if path is None or path in (".", "") else str(PurePosixPath(path).parent)


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return posixpath.normpath(PurePosixPath(*known)) if known and len(known) == len(parts) else None
