"""What a registry holds, asked and told through the engine's own login."""

from pathlib import Path

SBOM = "application/vnd.cyclonedx+json"


def inspect_command(tag: str) -> list[str]:
    """Return the command that prints the manifest of a tag as JSON.

    It has `digest`; a tag that there is not is status 1 and ": not found".
    """
    return ["docker", "buildx", "imagetools", "inspect", tag, "--format", "{{json .Manifest}}"]


def attach_command(image: str, file: Path, created: str) -> list[str]:
    """Return the command that attaches a bill of materials.

    To be run in the file's folder. With the image's own time it is the same artifact each time.
    https://oras.land/docs/commands/oras_attach
    """
    when = f"org.opencontainers.image.created={created}"
    return ["oras", "attach", "--artifact-type", SBOM, "--annotation", when, image, f"{file.name}:{SBOM}"]
