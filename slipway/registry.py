"""What a registry holds, asked and told through the engine's own login."""

import json
from pathlib import Path

from slipway.shell import Shell

SBOM = "application/vnd.cyclonedx+json"


def inspect_command(tag: str) -> list[str]:
    """Return the command that prints the manifest of a tag as JSON.

    It has `digest`; a tag that there is not is status 1 and ": not found".
    """
    return ["docker", "buildx", "imagetools", "inspect", tag, "--format", "{{json .Manifest}}"]


def digest(shell: Shell, tag: str, failed: str) -> str:
    """Return the digest of a tag, read back; raises Problem."""
    return str(json.loads(shell.output(inspect_command(tag), echo=True, failed=failed))["digest"])


def taken(tag: str) -> str:
    """Return what to say when a version is published already."""
    return f"{tag} is in the registry already; a version is never published twice."


def attach_command(image: str, file: Path, created: str) -> list[str]:
    """Return the command that attaches a bill of materials.

    To be run in the file's folder. With the image's own time it is the same artifact each time.
    https://oras.land/docs/commands/oras_attach
    """
    when = f"org.opencontainers.image.created={created}"
    return ["oras", "attach", "--artifact-type", SBOM, "--annotation", when, image, f"{file.name}:{SBOM}"]
