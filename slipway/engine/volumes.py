"""Volumes of an engine."""

from slipway.core.shell import Shell, tokens


def create_command(name: str, *labels: str) -> list[str]:
    """Return the command that makes a volume; one that is there stays."""
    return tokens(["docker", "volume", "create"], *(["--label", label] for label in labels), name)


def list_command(*filters: str) -> list[str]:
    """Return the command that lists the names of volumes by filters."""
    return tokens(["docker", "volume", "ls", "--quiet"], *(["--filter", one] for one in filters))


def remove_command(*names: str) -> list[str]:
    """Return the command that removes volumes."""
    return ["docker", "volume", "rm", *names]


def create(shell: Shell, name: str, *labels: str) -> None:
    """Make a volume unless it is there; raises Problem."""
    shell.output(create_command(name, *labels), failed=f"There is no volume {name}.")


def names(shell: Shell, *filters: str) -> list[str]:
    """Return the names of the volumes that filters find."""
    return shell.output(list_command(*filters)).split()


def exists(shell: Shell, name: str) -> bool:
    """Tell whether there is a volume of this name."""
    return not shell.probe(["docker", "volume", "inspect", name])[0]
