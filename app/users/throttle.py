"""Limits on logging in, counted in the database for all workers."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Float, case, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Database
from app.users.models import LoginAttempts

WINDOW = timedelta(minutes=15)


class TooManyAttempts(Exception):
    """This account or client has to wait; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Throttle:
    """Bound the attempts of each account and each client in 15 minutes."""

    per_account: int
    per_client: int

    async def attempt(self, db: Database, email: str, client: str) -> None:
        """Count an attempt, before it is known whether it succeeds.

        Raises TooManyAttempts. Counting first bounds attempts that come at the same time, too.
        """
        subjects = _subjects(email, client)
        over = LoginAttempts.since < func.now() - WINDOW
        new = insert(LoginAttempts).values([{"subject": subject, "count": 1} for subject in subjects])
        statement = new.on_conflict_do_update(
            index_elements=[LoginAttempts.subject],
            set_={
                "count": case((over, 1), else_=LoginAttempts.count + 1),
                "since": case((over, func.now()), else_=LoginAttempts.since),
            },
        ).returning(
            LoginAttempts.subject,
            LoginAttempts.count,
            cast(func.extract("epoch", LoginAttempts.since + WINDOW - func.now()), Float),
        )
        limits = dict(zip(subjects, (self.per_account, self.per_client), strict=True))
        async with db.connect() as connection:
            rows = (await connection.execute(statement)).all()
        waits = [seconds for subject, count, seconds in rows if count > limits[subject]]
        if waits:
            raise TooManyAttempts(int(max(waits)) + 1)

    async def succeeded(self, db: Database, email: str, client: str) -> None:
        """Forget the account's attempts, and this one of the client."""
        account, source = _subjects(email, client)
        # Others' old rows go by the way; one that is being used is left to the next time.
        old = select(LoginAttempts.subject).where(LoginAttempts.since < func.now() - WINDOW)
        some = old.limit(100).with_for_update(skip_locked=True).scalar_subquery()
        async with db.connect() as connection:
            await connection.execute(delete(LoginAttempts).where(LoginAttempts.subject == account))
            one_less = update(LoginAttempts).where(LoginAttempts.subject == source, LoginAttempts.count > 0)
            await connection.execute(one_less.values(count=LoginAttempts.count - 1))
            await connection.execute(delete(LoginAttempts).where(LoginAttempts.subject.in_(some)))


def _subjects(email: str, client: str) -> tuple[str, str]:
    # A digest of the e-mail: any text at all may have been sent as one.
    digest = hashlib.sha256(email.encode(errors="replace")).hexdigest()
    return f"account {digest}", f"client {_network(client)}"


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
