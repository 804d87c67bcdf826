"""Limits on logging in, counted in the database for all workers."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Float, case, cast, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import Database, sweep
from app.users.models import LoginAttempts

WINDOW = timedelta(minutes=15)


class TooManyAttempts(Exception):
    """This account or client has to wait; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Throttle:
    """Bound the failures of each account and each client in 15 minutes.

    Whoever fails on purpose can make somebody else wait, from as many clients as it takes; that is the price of
    a limit for each account.
    """

    per_account: int
    per_client: int

    async def attempt(self, db: Database, email: str, client: str) -> None:
        """Count an attempt, before it is known whether it succeeds.

        Raises TooManyAttempts. Counting first bounds attempts that come at the same time, too. The client is first:
        one that has to wait can use up no account.
        """
        async with db.connect() as connection:
            seconds = await _count(connection, _client(client), self.per_client)
            if not seconds:
                seconds = await _count(connection, _account(email), self.per_account)
        if seconds:
            raise TooManyAttempts(seconds)

    async def succeeded(self, db: Database, email: str, client: str) -> None:
        """Forget the account's attempts, and this one of the client."""
        one_less = update(LoginAttempts).where(LoginAttempts.subject == _client(client), LoginAttempts.count > 0)
        async with db.connect() as connection:
            await connection.execute(delete(LoginAttempts).where(LoginAttempts.subject == _account(email)))
            await connection.execute(one_less.values(count=LoginAttempts.count - 1))


async def _count(connection: AsyncConnection, subject: str, limit: int) -> int:
    # Returns the seconds to wait, 0 when the limit is not reached.
    over = LoginAttempts.since < func.now() - WINDOW
    statement = (
        insert(LoginAttempts)
        .values(subject=subject, count=1)
        .on_conflict_do_update(
            index_elements=[LoginAttempts.subject],
            set_={
                "count": case((over, 1), else_=LoginAttempts.count + 1),
                "since": case((over, func.now()), else_=LoginAttempts.since),
            },
        )
        .returning(LoginAttempts.count, cast(func.extract("epoch", LoginAttempts.since + WINDOW - func.now()), Float))
    )
    count, seconds = (await connection.execute(statement)).one()
    if count == 1:
        await connection.execute(sweep(LoginAttempts, over))
    return int(seconds) + 1 if count > limit else 0


def _account(email: str) -> str:
    # A digest: any text at all may have been sent as an e-mail.
    return f"account {hashlib.sha256(email.encode(errors='replace')).hexdigest()}"


def _client(client: str) -> str:
    return f"client {_network(client)}"


def _network(client: str) -> str:
    """Return the address; of IPv6 its /64, which is what one customer has."""
    try:
        address = ip_address(client)
    except ValueError:
        return client  # a test, or a socket file
    if not isinstance(address, IPv6Address):
        return client
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))
