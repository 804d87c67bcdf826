"""Programs of Slipway's that are run where Slipway is not: beside a database, in a container."""

from importlib import resources
from pathlib import Path


class Script(str):
    """An argument that is the text of a program of Slipway's; it is shown as `"$(cat FILE)"`."""

    file: str

    def __new__(cls, package: str, name: str) -> "Script":
        """Read the file of a package."""
        found = resources.files(package) / name
        made = super().__new__(cls, found.read_text(encoding="utf-8"))
        file, here = Path(str(found)), Path.cwd()
        made.file = str(file.relative_to(here) if file.is_relative_to(here) else file)
        return made
