"""Limits on logging in and registering, counted in the database."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from sqlalchemy import Float, case, cast, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import Database, sweep
from app.users.models import LoginAttempts

WINDOW = timedelta(minutes=15)
_OVER = LoginAttempts.since < func.now() - WINDOW
EXPIRED = sweep(LoginAttempts, _OVER)
WIDER = 10  # times the limit of a client, for what stands for many of them
# Addresses that may stand for many clients: Docker's gateway, a proxy that FORWARDED_ALLOW_IPS does not name. They are
# listed because `is_private` is true of others, too, such as the networks for documentation.
SHARED = [
    ip_network(network)
    for network in (
        "127.0.0.0/8",  # loopback, RFC 1122
        "10.0.0.0/8",  # private, RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # a provider's own NAT, RFC 6598
        "169.254.0.0/16",  # link-local, RFC 3927
        "::1/128",  # loopback, RFC 4291
        "fe80::/10",  # link-local, RFC 4291
        "fc00::/7",  # private, RFC 4193
    )
]


class TooManyAttempts(Exception):
    """This account or client has to wait; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Throttle:
    """Bound the failed logins of each account and each client in 15 minutes.

    And the registrations of each client, apart from these. Whoever fails on purpose can make somebody else wait, from
    as many clients as it takes; that is the price of a limit for each account.
    """

    per_account: int
    per_client: int
    registrations: int

    async def attempt(self, db: Database, email: str, client: str) -> None:
        """Count an attempt, before it is known whether it succeeds.

        Raises TooManyAttempts. Counting first bounds attempts that come at the same time, too. The client is first:
        one that has to wait can use up no account.
        """
        await _count_all(db, self._login(email, client))

    async def succeeded(self, db: Database, email: str, client: str) -> None:
        """Forget the account's attempts, and this one of the client."""
        async with db.connect() as connection:
            await connection.execute(delete(LoginAttempts).where(LoginAttempts.subject == _account(email)))
            await _take_back(connection, _limits("client", client, self.per_client))

    async def undecided(self, db: Database, email: str, client: str) -> None:
        """Take back an attempt whose password nobody has looked at.

        Else whoever is told to try again, because there is too much to do, would soon have to wait.
        """
        async with db.connect() as connection:
            await _take_back(connection, self._login(email, client))

    async def registration(self, db: Database, client: str) -> None:
        """Count a registration, before anything is looked up.

        Raises TooManyAttempts. It counts whether it succeeds or not: the answer to one that fails says that somebody
        has the e-mail.
        """
        await _count_all(db, _limits("registrations", client, self.registrations))

    def _login(self, email: str, client: str) -> list[tuple[str, int]]:
        return [*_limits("client", client, self.per_client), (_account(email), self.per_account)]


async def _count_all(db: Database, limits: Iterable[tuple[str, int]]) -> None:
    # Whoever has reached one limit does not count for the next, which others share.
    seconds = 0
    async with db.connect() as connection:
        for subject, limit in limits:
            seconds = await _count(connection, subject, limit)
            if seconds:
                break
    if seconds:
        raise TooManyAttempts(seconds)


async def _take_back(connection: AsyncConnection, limits: Iterable[tuple[str, int]]) -> None:
    one_less = update(LoginAttempts).values(count=LoginAttempts.count - 1).where(LoginAttempts.count > 0)
    for subject, _ in limits:  # one after the other: statements that lock several rows can wait for each other
        await connection.execute(one_less.where(LoginAttempts.subject == subject))


async def _count(connection: AsyncConnection, subject: str, limit: int) -> int:
    # Returns the seconds to wait, 0 when the limit is not reached.
    statement = (
        insert(LoginAttempts)
        .values(subject=subject, count=1)
        .on_conflict_do_update(
            index_elements=[LoginAttempts.subject],
            set_={
                "count": case((_OVER, 1), else_=LoginAttempts.count + 1),
                "since": case((_OVER, func.now()), else_=LoginAttempts.since),
            },
        )
        .returning(LoginAttempts.count, cast(func.extract("epoch", LoginAttempts.since + WINDOW - func.now()), Float))
    )
    count, seconds = (await connection.execute(statement)).one()
    return int(seconds) + 1 if count > limit else 0


def _account(email: str) -> str:
    # A digest: any text at all may have been sent as an e-mail.
    return f"account {hashlib.sha256(email.encode(errors='replace')).hexdigest()}"


def _limits(kind: str, client: str, limit: int) -> list[tuple[str, int]]:
    return [(f"{kind} {network}", limit * times) for network, times in _networks(client)]


def _networks(client: str) -> list[tuple[str, int]]:
    """Return what an address counts for, and how many times the limit.

    Of IPv6 that is its /64, which is what one customer has at least, and its /48, which is the most that one gets:
    another /64 of it for each attempt is no way around the limit.
    """
    try:
        address = ip_address(client)
    except ValueError:
        return [(client, 1)]  # a test, or a socket file
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    shared = any(address in network for network in SHARED)
    if isinstance(address, IPv4Address):
        return [(str(address), WIDER if shared else 1)]
    narrow, wide = (str(ip_network((address, bits), strict=False)) for bits in (64, 48))
    return [(narrow, WIDER)] if shared else [(narrow, 1), (wide, WIDER)]
