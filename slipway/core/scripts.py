"""Programs of Slipway's that are run where Slipway is not: beside a database, in a container."""

from importlib import resources


class Script(str):
    """An argument that is the text of a program of Slipway's; it is shown as `"$(cat FILE)"`."""

    file: str

    def __new__(cls, package: str, name: str) -> "Script":
        """Read the file of a package."""
        made = super().__new__(cls, (resources.files(package) / name).read_text(encoding="utf-8"))
        made.file = f"{package.replace('.', '/')}/{name}"
        return made
