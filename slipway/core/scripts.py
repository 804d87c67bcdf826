"""Shell scripts that are run where Slipway is not: beside a database, in a container."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


class Script(str):
    """An argument that is the text of a script of Slipway's; it is shown as `"$(cat FILE)"`."""

    file: str

    def __new__(cls, path: Path) -> "Script":
        """Read the script; `path` lies in this package."""
        made = super().__new__(cls, path.read_text(encoding="utf-8"))
        made.file = path.relative_to(PACKAGE.parent).as_posix()
        return made
