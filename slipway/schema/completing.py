"""What a revision's file has to hold, whatever the template that made it is like."""

import ast
from collections.abc import Iterable
from pathlib import Path

NAMED = {"revision", "down_revision", "branch_labels", "depends_on"}


def complete(path: Path, phase: str, modules: Iterable[str]) -> None:
    """Let a file say its phase, unless that is "", and import these modules."""
    text = path.read_text(encoding="utf-8")
    whole = with_phase(with_imports(text, modules), phase) if phase else with_imports(text, modules)
    if whole != text:
        path.write_text(whole, encoding="utf-8")


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


def with_imports(text: str, modules: Iterable[str]) -> str:
    """Return a revision's text that imports these modules, behind its other imports."""
    lines, imported, after = text.splitlines(keepends=True), set[str](), 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            after = node.end_lineno or after
            imported |= {one.name for one in node.names if isinstance(node, ast.Import) and not one.asname}
    missing = sorted(f"import {module}\n" for module in set(modules) - imported)
    return "".join([*lines[:after], *missing, *lines[after:]])
