"""What a Dockerfile's text names."""

import re


def declared(dockerfile: str) -> set[str]:
    """Return the build arguments that a Dockerfile knows, by its text."""
    lines = re.findall(r"(?im)^\s*ARG\s+(.+)", dockerfile)
    return {word.partition("=")[0] for line in lines for word in line.split()}
