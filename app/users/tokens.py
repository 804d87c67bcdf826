"""Refresh tokens: each is good once, and a copy that is used betrays the thief."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import Database
from app.core.security import create_refresh_token, digest
from app.users.models import RefreshToken

log = logging.getLogger(__name__)


async def issue(db: Database, user_id: int, lifetime: timedelta) -> str:
    """Return the first refresh token of a new family."""
    expired = RefreshToken.expires_at < datetime.now(UTC)
    async with db.begin() as connection:
        await connection.execute(delete(RefreshToken).where(RefreshToken.user_id == user_id, expired))
        return await _store(connection, user_id, uuid4(), lifetime)


async def rotate(db: Database, token: str, lifetime: timedelta) -> tuple[int, str] | None:
    """Exchange a token for (user id, new token), else None.

    A token that was exchanged before has been stolen, or was stolen from: its whole family ends
    (RFC 9700, section 4.14.2).
    """
    mine = RefreshToken.digest == digest(token)
    async with db.begin() as connection:
        # Locked: of two who come at once, the second finds it used.
        known = (await connection.execute(select(RefreshToken).where(mine).with_for_update())).one_or_none()
        if known is None or known.expires_at < datetime.now(UTC):
            return None
        if known.used:
            log.warning("A refresh token of user %s was used twice; its family is revoked", known.user_id)
            await connection.execute(delete(RefreshToken).where(RefreshToken.family == known.family))
            return None
        await connection.execute(update(RefreshToken).where(mine).values(used=True))
        return known.user_id, await _store(connection, known.user_id, known.family, lifetime)


async def revoke(db: Database, token: str) -> None:
    """End the family of a token; unknown ones are no error."""
    family = select(RefreshToken.family).where(RefreshToken.digest == digest(token)).scalar_subquery()
    async with db.connect() as connection:
        await connection.execute(delete(RefreshToken).where(RefreshToken.family == family))


async def _store(connection: AsyncConnection, user_id: int, family: UUID, lifetime: timedelta) -> str:
    token = create_refresh_token()
    row = {"digest": digest(token), "family": family, "user_id": user_id, "expires_at": datetime.now(UTC) + lifetime}
    await connection.execute(insert(RefreshToken).values(row))
    return token
