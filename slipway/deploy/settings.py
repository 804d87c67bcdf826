"""The settings of a release: compared, and reported by name, never by value."""

import hashlib
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from slipway.core.errors import Problem
from slipway.core.sources import FILE, OUTSIDE, source
from slipway.core.steps import Steps
from slipway.core.words import listed
from slipway.deploy.ledger import Entry
from slipway.project import elsewhere
from slipway.project.labels import ACCEPTS
from slipway.project.rotation import Step
from slipway.project.settings import Settings
from slipway.runtime.release import Release

TRUSTED = "TRUSTED_PROXIES"
UNSOUGHT = "not looked up"  # in the place of a hash
WIDE = {4: 8, 6: 16}  # prefixes: a public network that is as wide has other clients in it than proxies
NOT_KNOWN = "not compared: the ledger does not have those of both releases"


def hashes(variables: Mapping[str, str], salt: str) -> dict[str, str]:
    """Return a salted hash for each variable that a release gets."""
    return {name: hashed(salt, name, value) for name, value in sorted(variables.items())}


def definition(text: str, salt: str) -> str:
    """Return a salted hash of what defines a release but for its variables."""
    return hashed(salt, "compose.release.yaml", text)


def rotated(variables: Mapping[str, str], step: Step | None) -> dict[str, str]:
    """Return what variables are after a step of a rotation, if there is one."""
    values = step.values if step else {}
    return {name: value for name, value in {**variables, **values}.items() if value is not None}


def renewed(before: Mapping[str, str], values: Mapping[str, str | None], salt: str) -> dict[str, str]:
    """Return the hashes of settings after some of them have got other values, None for one that goes."""
    now = {name: hashed(salt, name, value) for name, value in values.items() if value}
    return {name: now.get(name, was) for name, was in before.items() if name in now or name not in values}


def assumed(found: Mapping[str, str], before: Entry | None, unsought: Iterable[str]) -> dict[str, str]:
    """Return hashes of settings, with those of before for secrets that were not looked up."""
    known = before.settings if before else {}
    return {**found, **{name: known.get(name, UNSOUGHT) for name in unsought}}


def unsought(of: Settings) -> list[tuple[str, str]]:
    """Return what a plan says of the secrets that were not looked up; nothing where there are none."""
    there = elsewhere.placed({name: of.project.sought[name] for name in of.unsought})
    return [("secrets", f"{there}: not looked up for a plan, so taken as unchanged")] if there else []


def check_accepts(step: Step, live: Release) -> None:
    """Raise Problem when the live image doesn't say that it reads all of a key's names."""
    accepts = live.labels.get(ACCEPTS, "").split()
    if missing := [name for name in step.companions if name not in accepts]:
        raise Problem(
            f"{live.image} does not say that it reads {', '.join(missing)}: it would not accept what those have "
            "signed. Deploy an image that does, of this tree: ./inv deploy"
        )


def check_step(step: Step, secrets: Iterable[str], live: Entry | None, now: Mapping[str, str]) -> None:
    """Raise Problem when other secrets are set than what is live has, by hashes, beside those that are replaced."""
    before, free = live.settings if live else {}, step.own if step.renews else ()
    behind = [name for name in secrets if name not in free and before.get(name) != now.get(name)]
    if before and behind:
        if there := [name for name in behind if name in OUTSIDE]:
            raise Problem(
                f"{', '.join(f'{name} of {source(name)}' for name in there)}: another value than the live release has. "
                "Bring it live first: ./inv deploy"
            )
        if set_ := [name for name in behind if source(name) != FILE]:
            raise Problem(
                f"{', '.join(set_)}: the environment sets another value than the live release has, and counts before "
                ".env. Take it out of the environment; or, if it is meant, bring it live: ./inv deploy"
            )
        raise Problem(
            f"{', '.join(behind)}: .env has another value than the live release. If a step of a rotation was cut off "
            "here, bring it live: ./inv deploy. If another machine has replaced it, copy that one's .env: from here, "
            "an older one would come back."
        )


def hashed(salt: str, name: str, value: str) -> str:
    """Return the salted hash of a variable's value."""
    return hashlib.sha256(f"{salt}\0{name}\0{value}".encode()).hexdigest()[:12]


def differing(now: Mapping[str, str], live: Mapping[str, str], secrets: Iterable[str], salt: str) -> list[str]:
    """Return the secrets that a live release has, by hashes, and that are other ones or not set now."""
    return [name for name in secrets if name in live and live[name] != hashed(salt, name, now.get(name, ""))]


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Say by name which settings are new, changed and gone; "" for none.

    Of a release that the ledger had lost, they are not known: each has some.
    """
    if not (before and after):
        return NOT_KNOWN if before or after else ""
    found = {
        "new": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        "gone": sorted(before.keys() - after.keys()),
    }
    return "; ".join(f"{what} {', '.join(names)}" for what, names in found.items() if names)


def check(of: Settings, port: int, steps: Steps) -> None:
    """Look at what says how clients come to a service at a port; raises Problem."""
    check_domain(of.domain, steps)
    check_trusted(of.trusted_proxies, steps)
    if of.domain:
        check_ports(port, of.https_port)


def check_domain(domain: str, steps: Steps) -> None:
    """Look at DOMAIN: raise Problem for what is no host name, and tell of those that DNS doesn't know here."""
    names = listed(domain)
    if domain and not (names and all(not set(name) & set(" /:") for name in names)):
        raise Problem(
            f"{source('DOMAIN')}: DOMAIN={domain} should be a host name, like example.com, or some with commas between."
        )
    for name in names:
        try:
            socket.getaddrinfo(name.removeprefix("*."), 443)
        except OSError:
            steps.say(f"  {name} is not known to DNS here: it has to be, before it gets a certificate")


def check_trusted(proxies: str, steps: Steps) -> None:
    """Look at TRUSTED_PROXIES, and tell of networks that nobody's proxies fill.

    Raises Problem for what is no address and no network.
    """
    for one in listed(proxies):
        network = _network(one)
        if not _is_inside(network) and network.prefixlen <= WIDE[network.version]:
            steps.say(
                f"  TRUSTED_PROXIES: whoever asks from {network} can pass for any other client, unless a firewall "
                "admits your proxies alone; name their own networks"
            )


def _is_inside(network: IPv4Network | IPv6Network) -> bool:
    # (Newer Pythons take 6to4 for private, which has all of IPv4 in it.)
    return network.is_private and network != IPv6Network("2002::/16")


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        network = None
    if not network or "%" in text:  # Caddy knows no zones
        raise Problem(
            f"{source(TRUSTED)}: TRUSTED_PROXIES: {text} is neither an address nor a network. Write those, "
            "like 192.0.2.7 or 192.0.2.0/24, with commas between."
        )
    address, slash, length = text.partition("/")
    inside = ip_address(address) != network.network_address
    if slash and (inside or not length.isdecimal()):  # nor netmasks
        alone = f", or for this address alone {address}" if inside else ""
        raise Problem(
            f"{source(TRUSTED)}: TRUSTED_PROXIES: {text} is not how a network is written. Write {network}{alone}."
        )
    return network


def check_ports(port: int, https_port: int) -> None:
    """Raise Problem when HTTP and HTTPS are to have the same port."""
    if port == https_port:
        raise Problem(
            f"{source('HTTPS_PORT')}: HTTPS_PORT={https_port} has to be another than PORT (80, unless it is set)."
        )
