"""Manifests in a folder: all of an export, and nothing of the one before; what is somebody else's stays."""

from collections.abc import Mapping
from pathlib import Path

from slipway.core.errors import Problem
from slipway.export.manifests import MARK


def write(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Write files into a folder, in the place of those that an export has left there; return their names.

    Raises Problem, with nothing written, where a file of such a name is not an export's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if strange := [name for name in texts if (folder / name).exists() and not _is_ours(folder / name)]:
            raise Problem(
                f"{folder / strange[0]} was not written by inv export. Nothing was changed: move it away, or name "
                "another folder: --output FOLDER"
            )
        for path in sorted(folder.iterdir()):
            if path.name not in texts and path.suffix in (".yaml", ".example") and _is_ours(path):
                path.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    return list(texts)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().removeprefix("# ").startswith(MARK)
