"""Tables that a revision would drop, and that no revision has made: something else has, whose data they have."""

import re
from collections.abc import Iterable
from pathlib import Path

from alembic.operations.ops import DropTableOp, OpContainer


def strangers(ops: OpContainer, folders: Iterable[str | Path]) -> list[str]:
    """Return a line for each such table; `folders` have the revisions, which name a table where they make it."""
    dropped = dict.fromkeys(str(one.table_name) for one in ops.ops if isinstance(one, DropTableOp))
    texts = [_text(path) for folder in folders for path in Path(folder).rglob("*.py")] if dropped else []
    return [
        f"it drops the table {name} and all that is in it, and no revision has made that: create_all has, say, from a "
        "model that env.py doesn't import. If it is to stay, take it out of the revision"
        for name in dropped
        if not any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
