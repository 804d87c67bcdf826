"""Addresses at which a service listens, and where it is asked."""

from ipaddress import ip_address

from slipway.core.ports import LOOPBACK


def asked_at(address: str) -> str:
    """Return where to ask what listens on an address, which may be all of this machine's."""
    listens = ip_address(address)
    return (LOOPBACK if listens.version == 4 else "::1") if listens.is_unspecified else address


def joined(address: str, port: int) -> str:
    """Return an address and a port as one text."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def url(address: str, port: int) -> str:
    """Return the URL of what is asked at an address."""
    return f"http://{joined('localhost' if ip_address(address).is_loopback else address, port)}"
