"""The files of a deployment in two folders, as they are in two volumes on an engine."""

import subprocess
from pathlib import Path

from slipway.deploy.compose.files import SCRIPT


def script(folder: Path, *words: str, given: str = "", before: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a function of deployment.sh in a folder; `before` is run before it."""
    command = ["sh", "-ec", before + SCRIPT, "sh", *words]
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=False)


def two_folders(folder: Path) -> Path:
    """Make the folder that the proxy reads, and the ledger's beside it; return the first."""
    (folder / "ledger").mkdir(parents=True)
    (folder / "deployment").mkdir()
    return folder / "deployment"


def files(folder: Path) -> dict[str, str]:
    """Return the files of a folder, and those of the ledger's beside it."""
    beside = folder.parent / "ledger"
    found = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    return found | {f"ledger/{path.name}": path.read_text() for path in beside.glob("*")}
