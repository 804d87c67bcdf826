"""The migrations in the tree, read without running them."""

import ast
import tomllib
from collections.abc import Sequence
from pathlib import Path

from slipway.core.errors import Problem
from slipway.project.config import Project
from slipway.schema import ini


def heads(project: Project) -> str:
    """Return the revisions that no other follows, joined by commas.

    There is one, unless two lines of work were not merged, and "" without migrations. The files are parsed, not
    imported: they may need what only the image has. Raises Problem for one that cannot be read.
    """
    before = _graph(project)
    followed = {one for down in before.values() for one in down}
    return ",".join(sorted(before.keys() - followed))


def known(project: Project, heads: Sequence[str]) -> frozenset[str]:
    """Return these revisions and all that come before them, of those in the tree.

    Raises Problem for a file that cannot be read.
    """
    before, todo, found = _graph(project), list(heads), set[str]()
    while todo:
        one = todo.pop()
        if one in before and one not in found:
            found.add(one)
            todo += before[one]
    return frozenset(found)


def files(project: Project) -> list[Path]:
    """Return the files of the revisions, by name."""
    return sorted({path for folder in folders(project) for path in folder.glob("*.py")}) if project.migrations else []


def folders(project: Project) -> list[Path]:
    """Return the folders that the revisions are in, as Alembic's .ini or [tool.alembic] has them; raises Problem."""
    path = project.root / (project.alembic or "alembic.ini")
    if path.is_file():
        try:
            return ini.versions(path, project.root)
        except ini.Unfit as unfit:
            if project.alembic:  # one that nobody has named may leave it to [tool.alembic]
                raise Problem(f"{unfit}.") from None
    listed = _of_toml(project.root)
    return [project.root / one for one in listed] or [project.root / project.migrations / "versions"]


def _of_toml(root: Path) -> list[str]:
    path = root / "pyproject.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = document.get("tool", {}).get("alembic", {})
    return [str(one).replace("%(here)s", str(root)) for one in found.get("version_locations", [])]


def _graph(project: Project) -> dict[str, tuple[str, ...]]:
    # Each revision, and those that it follows.
    found = {}
    for path in files(project):
        names = _constants(path)
        if revision := names.get("revision"):
            down = names.get("down_revision") or ()
            found[str(revision)] = (down,) if isinstance(down, str) else down
    return found


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
