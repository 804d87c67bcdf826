"""Networks of an engine."""

import hashlib
from ipaddress import IPv6Network

from slipway.core.shell import Shell, tokens
from slipway.engine import asked


def list_command(*filters: str) -> list[str]:
    """Return the command that lists the ids of networks by filters."""
    return tokens(["docker", "network", "ls", "--quiet"], *(["--filter", one] for one in filters))


def create_command(name: str, *labels: str) -> list[str]:
    """Return the command that makes a network."""
    return tokens(["docker", "network", "create"], *(["--label", label] for label in labels), name)


def connect_command(network: str, container: str, alias: str) -> list[str]:
    """Return the command that puts a container on a network as well, under a name."""
    return ["docker", "network", "connect", "--alias", alias, network, container]


def disconnect_command(network: str, container: str) -> list[str]:
    """Return the command that takes a container off a network."""
    return ["docker", "network", "disconnect", network, container]


def names(shell: Shell, *filters: str) -> list[str]:
    """Return the names of the networks that filters find; raises Problem."""
    filtered = (["--filter", one] for one in filters)
    return shell.output(tokens(["docker", "network", "ls", "--format", "{{.Name}}"], *filtered)).split()


def subnets(shell: Shell, name: str) -> list[str]:
    """Return the subnets of a network, like 172.18.0.0/16; none when it is gone. Raises Problem."""
    form = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
    return (asked.ask(shell, ["docker", "network", "inspect", "--format", form, name]) or "").split()


def remove_command(*names: str) -> list[str]:
    """Return the command that removes networks."""
    return ["docker", "network", "rm", *names]


def create_ipv6_command(name: str, subnet: IPv6Network, *labels: str) -> list[str]:
    """Return the command that makes a network with IPv6 beside IPv4."""
    marks = [word for label in labels for word in ("--label", label)]
    return ["docker", "network", "create", "--ipv6", "--subnet", str(subnet), *marks, name]


def private_subnet(name: str) -> IPv6Network:
    """Return an IPv6 subnet for a name: always the same, and another name's only by the chance of 1 in 2^56.

    It is one of RFC 4193: fd00::/8, with the global and the subnet's id from a hash.
    """
    digest = hashlib.sha256(name.encode()).digest()
    return IPv6Network((b"\xfd" + digest[:7] + bytes(8), 64))
