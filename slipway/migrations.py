"""The migrations in the tree, read without running them."""

import ast
from pathlib import Path

from slipway.errors import Problem
from slipway.project import Project


def heads(project: Project) -> str:
    """Return the revisions that no other follows, joined by commas.

    There is one, unless two lines of work were not merged, and "" without migrations. The files are parsed, not
    imported: they may need what only the image has. Raises Problem for one that cannot be read.
    """
    if not project.migrations:
        return ""
    found: set[str] = set()
    followed: set[str] = set()
    for path in sorted((project.root / project.migrations / "versions").glob("*.py")):
        names = _constants(path)
        if revision := names.get("revision"):
            found.add(str(revision))
            down = names.get("down_revision") or ()
            followed |= {down} if isinstance(down, str) else set(down)
    return ",".join(sorted(found - followed))


def _constants(path: Path) -> dict[str, str | tuple[str, ...] | None]:
    wanted = {"revision", "down_revision"}
    found = {}
    try:
        for node in ast.parse(path.read_bytes()).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id in wanted:
                    found[target.id] = value = ast.literal_eval(node.value)
                    if not all(isinstance(one, str) for one in (value if isinstance(value, tuple) else [value or ""])):
                        raise ValueError(f"{target.id} = {value!r}")
    except (SyntaxError, ValueError) as error:
        raise Problem(
            f"{path}: {error}\nIts revision and down_revision have to be plain texts, as alembic writes them."
        ) from None
    return found
