"""What a registry holds, asked through the engine's own login."""


def inspect_command(tag: str) -> list[str]:
    """Return the command that prints the manifest of a tag as JSON.

    It has `digest`; a tag that there is not is status 1 and ": not found".
    """
    return ["docker", "buildx", "imagetools", "inspect", tag, "--format", "{{json .Manifest}}"]
