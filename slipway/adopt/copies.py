"""The code of a service whose own image has none: what a Compose file mounts into its container instead."""

from collections.abc import Sequence

from slipway.adopt.composefile import Service
from slipway.adopt.files import Files
from slipway.adopt.findings import Found
from slipway.adopt.layout import Image


def lacking(files: Files, image: Image | None, app: Service | None, needed: Sequence[str]) -> list[str]:
    """Return what of the project an image without its code needs, none for another; `needed` is what a release reads.

    As it lies in the project: the image's folder is that of the project, where Compose may have it otherwise.
    """
    if not image or image.has_code:
        return []
    mounts = app.mounts if app else ()
    tops = dict.fromkeys(one.partition("/")[0] for one in needed if one and not one.startswith(".."))
    if not tops or "." in mounts or any(one.endswith(".py") for one in tops):  # modules beside it are imported as well
        return ["."]
    code = [one for one in mounts if any(name.startswith(f"{one}/") for name in files.code)]
    return [*tops, *(one for one in dict.fromkeys(code) if one.partition("/")[0] not in tops)]


def mounted(app: Service | None, file: str, lacking: Sequence[str]) -> list[Found[str]]:
    """Return what Slipway copies into the image: nothing unless Compose mounts the application's `file`.

    An image may have its code as a package that is installed, which its Dockerfile does not tell.
    """
    if not app or not any(one == "." or file.startswith(f"{one}/") for one in app.mounts):
        return []
    return [Found(one, app.where) for one in lacking]
