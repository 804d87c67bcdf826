"""What a registry holds, asked and told through the engine's own login."""

import json
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import references
from slipway.project import labels

SBOM = "application/vnd.cyclonedx+json"
STATEMENT = "application/vnd.in-toto+json"
# As registries, Docker and cosign put it.
REFUSED = re.compile(r"(?i)\b40[13]\b|unauthorized|authentication required|no basic auth|denied|insufficient_scope")


@dataclass(frozen=True)
class Manifest:
    """A manifest in a registry.

    Its digest, and that of the image's configuration ("" for one of several platforms).
    """

    digest: str
    config: str

    def is_image(self, image_id: str) -> bool:
        """Tell whether an image of an engine is this one.

        Engines call images by their configuration's digest; those that let containerd keep them, by the manifest's.
        """
        return bool(image_id) and image_id in (self.digest, self.config)


def inspect_command(tag: str, part: str = "Manifest") -> list[str]:
    """Return the command that asks what a tag means.

    It prints JSON: the manifest's descriptor, or the Image. A tag that there is not is status 1 and "TAG: not
    found".
    """
    return ["docker", "buildx", "imagetools", "inspect", tag, "--format", f"{{{{json .{part}}}}}"]


def raw_command(named: str) -> list[str]:
    """Return the command that prints a manifest, named by its digest."""
    return ["docker", "buildx", "imagetools", "inspect", "--raw", named]


def find(shell: Shell, tag: str, echo: bool = False) -> Manifest | None:
    """Return what a tag means, None for nothing.

    Raises Problem when the registry cannot be asked.
    """
    found = digest(shell, tag, echo)
    return Manifest(found, _config(shell, f"{references.name(tag)}@{found}")) if found else None


def digest(shell: Shell, tag: str, echo: bool = False) -> str:
    """Return the digest of what a tag means, of all its platforms together; "" for nothing.

    Raises Problem when the registry cannot be asked.
    """
    status, out, said = shell.probe(inspect_command(tag), echo=echo)
    if not status:
        return str(json.loads(out)["digest"])
    if is_nothing(said, tag):
        return ""
    raise Problem(explain(said, tag))


def is_nothing(said: str, tag: str) -> bool:
    """Tell whether the client has said that a tag means nothing."""
    return tag.partition("@")[0] in said and bool(re.search(r": not found\s*$", said))


@cache
def _config(shell: Shell, named: str) -> str:
    # Read once: what a digest names is always the same.
    manifest = json.loads(shell.output(raw_command(named), failed=f"{named} cannot be read."))
    return str(manifest.get("config", {}).get("digest", ""))


def version(shell: Shell, tag: str) -> str:
    """Return the version that an image says to be.

    "" for none, or no image. Raises Problem when the registry cannot be asked.
    """
    status, out, said = shell.probe(inspect_command(tag, "Image"))
    if status and not is_nothing(said, tag):
        raise Problem(explain(said, tag))
    try:
        image = json.loads(out) if not status else {}
        found = (image.get("config") or {}).get("Labels") or {}
    except (ValueError, AttributeError):
        return ""
    return str(found.get(labels.VERSION, ""))


def platform(shell: Shell, named: str) -> str:
    """Return the platform of an image, as Docker names it: "" when it has none, or several."""
    try:
        image = json.loads(shell.output(inspect_command(named, "Image"), failed=f"{named} cannot be read."))
        return f"{image['os']}/{image['architecture']}"
    except (ValueError, KeyError, TypeError):
        return ""


def explain(said: str, tag: str) -> str:
    """Return what to say when a registry has failed.

    Takes what the program said, and the tag that it was asked of.
    """
    at = references.host(tag)
    if "invalid reference format" in said:
        return f"{tag!r} is no reference of an image: NAME:TAG, HOST/NAME:TAG or HOST/NAME@sha256:DIGEST."
    if REFUSED.search(said):
        return f"{said.strip()}\nThe registry {at} does not let you: docker login {at} (as somebody who may)"
    return f"{said.strip()}\nThe registry {at} cannot be asked. Is it up? If it wants a login: docker login {at}"


def taken(tag: str) -> str:
    """Return what to say when a version is published already."""
    return f"{tag} is in the registry already; a version is never published twice. The next: ./inv release --part patch"


def can_attach() -> bool:
    """Tell whether files can be attached to images: oras is installed."""
    return bool(shutil.which("oras"))


def attach_command(image: str, kind: str, file: Path, created: str) -> list[str]:
    """Return the command that attaches a file to an image.

    As an artifact of a kind. To be run in the file's folder. With the image's own time it is the same artifact each
    time. https://oras.land/docs/commands/oras_attach
    """
    when = f"{labels.CREATED}={created}"
    return ["oras", "attach", "--artifact-type", kind, "--annotation", when, image, f"{file.name}:{kind}"]


def discover_command(image: str, kind: str) -> list[str]:
    """Return the command that lists what of a kind is attached to an image, as JSON."""
    return ["oras", "discover", "--format", "json", "--artifact-type", kind, image]


def manifest_command(reference: str) -> list[str]:
    """Return the command that prints an artifact's manifest."""
    return ["oras", "manifest", "fetch", reference]


def blob_command(named: str) -> list[str]:
    """Return the command that prints a blob, named by its digest."""
    return ["oras", "blob", "fetch", "--output", "-", named]


def attached(shell: Shell, image: str, kind: str) -> list[str]:
    """Return the texts of a kind attached to an image; raises Problem."""
    said = shell.output(discover_command(image, kind), failed=f"What is attached to {image} cannot be read.")
    listed = json.loads(said)
    texts = []
    for one in listed.get("manifests") or listed.get("referrers") or []:
        manifest = json.loads(shell.output(manifest_command(one["reference"])))
        for layer in manifest["layers"]:
            texts.append(shell.output(blob_command(f"{references.name(image)}@{layer['digest']}")))
    return texts
