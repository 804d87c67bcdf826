"""Files of Slipway's own, wherever it is installed: beside its modules, and those that a project has at its top."""

from importlib import resources
from importlib.resources.abc import Traversable


def inside(path: str) -> Traversable:
    """Return a file or folder of the package, by its path in it."""
    return resources.files("slipway").joinpath(path)


def text(path: str) -> str:
    """Return the text of a file of the package."""
    return inside(path).read_text(encoding="utf-8")


def template(name: str) -> str:
    """Return the text of a file that Slipway gives a project, like compose.yaml.

    It is in the wheel, or at the top of the repository that this Slipway lies in; nothing stands twice.
    """
    packaged = inside(f"template/files/{name}")
    return packaged.read_text(encoding="utf-8") if packaged.is_file() else text(f"../{name}")
