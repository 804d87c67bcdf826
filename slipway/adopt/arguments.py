"""Build arguments that a Compose file gives to the project's own Dockerfile."""

from slipway.adopt.composefile import Service
from slipway.adopt.dockerfile import expanded
from slipway.adopt.files import Files
from slipway.adopt.findings import Found, Untold
from slipway.adopt.layout import Image
from slipway.core.dockerfile import declared
from slipway.core.secrecy import tells


def arguments(files: Files, image: Image | None, app: Service | None) -> tuple[dict[str, Found[str]], list[Untold]]:
    """Return those that the Dockerfile knows, and that have a value; say which of them are secrets."""
    if not image or not app or app.dockerfile != image.path:
        return {}, []
    known = declared(files.text(image.path))
    given = {name: expanded(value or "", {}) for name, value in app.args.items()}
    given = {name: value for name, value in given.items() if value and name in known}
    secret = [name for name, value in given.items() if tells(name, value)]
    untold = [
        Untold(
            f"{app.where} gives the build {name}, which stays in the image's history as a build argument. In "
            f"{image.path}, read it from a mount: RUN --mount=type=secret,id={name}, and build with:",
            f"./inv build --secret id={name},src=FILE",
        )
        for name in secret
    ]
    return {name: Found(value, app.where) for name, value in given.items() if name not in secret}, untold
