"""What Slipway runs in the service's interpreter on this machine, as a folder that PYTHONPATH can have.

That interpreter may be an older one, and Slipway is not installed there: nor would all of it, or what it needs, do any
good among the service's modules.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

KINDS = (".py", ".sql")  # of files: no bytecode
NAMES = ("__init__.py", "entrypoint.py", "schema")  # of the package; they need the standard library, Alembic, psycopg


def carried(state: Path) -> Path:
    """Return a folder below `state` from which slipway.schema and slipway.entrypoint are imported, made where needed.

    It is named by what it holds, so that a new Slipway never changes files that an old one's process still reads.
    """
    found = dict(_files())
    digest = hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]
    folder = state / "schema" / digest
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="new-", dir=folder.parent))
        for name, content in found.items():
            path = made / "slipway" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        made.chmod(0o755)
        _put(made, folder)
    return folder


def _put(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:  # somebody else was faster
        shutil.rmtree(made)
        if not folder.is_dir():
            raise


def _files() -> Iterator[tuple[str, bytes]]:
    package = resources.files("slipway")
    for name in NAMES:
        yield from _below(package / name, name)


def _below(of: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if of.is_dir():
        for one in of.iterdir():
            if one.name != "__pycache__":
                yield from _below(one, f"{name}/{one.name}")
    elif name.endswith(KINDS):
        yield name, of.read_bytes()
