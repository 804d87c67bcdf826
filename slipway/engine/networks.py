"""Networks of an engine."""

from slipway.core.shell import tokens


def list_command(*filters: str) -> list[str]:
    """Return the command that lists the ids of networks by filters."""
    return tokens(["docker", "network", "ls", "--quiet"], *(["--filter", one] for one in filters))


def remove_command(*names: str) -> list[str]:
    """Return the command that removes networks."""
    return ["docker", "network", "rm", *names]
