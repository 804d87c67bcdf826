"""What a revision's file has to hold, whatever the template that made it is like."""

import ast
import builtins
import symtable
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

NAMED = {"revision", "down_revision", "branch_labels", "depends_on"}
TYPES = ("sqlalchemy", "sqlalchemy.dialects.postgresql")  # what types are made of, as `Text` in a list of texts


def complete(path: Path, phase: str, modules: Iterable[str]) -> list[str]:
    """Let a file say its phase, unless that is "", and import what it names; return the names that nobody knows.

    `modules` are those of the types in it.
    """
    text, modules = path.read_text(encoding="utf-8"), sorted(modules)
    whole = with_imports(text, [f"import {module}" for module in modules])
    known = {name: found for name in unknown(whole) if (found := _import(name, modules))}
    whole = with_imports(whole, known.values())
    whole = with_phase(whole, phase) if phase else whole
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return unknown(whole)


def with_phase(text: str, phase: str) -> str:
    """Return a revision's text that says its phase, beside its name."""
    lines, line, after = text.splitlines(keepends=True), f'phase: str = "{phase}"\n', 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            names = {ast.unparse(one) for one in (node.targets if isinstance(node, ast.Assign) else [node.target])}
            if "phase" in names:
                if isinstance(node.value, ast.Constant) and node.value.value == phase:
                    return text
                lines[node.lineno - 1 : node.end_lineno] = [line]
                return "".join(lines)
            after = node.end_lineno or after if names & NAMED else after
    return "".join([*lines[:after], line, *lines[after:]])


def with_imports(text: str, imports: Iterable[str]) -> str:
    """Return a revision's text that has these imports, behind its others."""
    lines, imported, after = text.splitlines(keepends=True), set[str](), 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            after = node.end_lineno or after
            imported |= {f"import {one.name}" for one in node.names if isinstance(node, ast.Import) and not one.asname}
    missing = sorted(f"{one}\n" for one in set(imports) - imported)
    return "".join([*lines[:after], *missing, *lines[after:]])


def unknown(text: str) -> list[str]:
    """Return the names that a revision's functions use and nothing in its text gives."""
    module = symtable.symtable(text, "revision", "exec")
    given = {one.get_name() for one in module.get_symbols() if one.is_assigned() or one.is_imported()}
    used = {one.get_name() for table in _below(module) for one in table.get_symbols() if one.is_global()}
    return sorted(used - given - set(dir(builtins)))


def _below(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _below(child)


def _import(name: str, modules: Iterable[str]) -> str:
    # How that is imported which types show of what they are made of: from where it is defined, as far as that is known.
    for module in modules:
        package = module.partition(".")[0]
        found = getattr(sys.modules.get(module), name, None)
        if str(getattr(found, "__module__", "")).partition(".")[0] == package:
            return f"from {module} import {name}"
    return next((f"from {one} import {name}" for one in TYPES if hasattr(sys.modules.get(one), name)), "")
