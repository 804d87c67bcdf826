"""Refresh tokens: each is good once, and a copy that is used betrays the thief."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import Database, sweep
from app.core.security import create_refresh_token, digest
from app.users.models import RefreshToken, User

EXPIRED = sweep(RefreshToken, RefreshToken.expires_at < func.now())
log = logging.getLogger(__name__)


async def issue(db: Database, user_id: int, lifetime: timedelta) -> str:
    """Return the first refresh token of a new family."""
    async with db.connect() as connection:
        return await _store(connection, user_id, uuid4(), lifetime)


async def rotate(db: Database, token: str, lifetime: timedelta) -> tuple[int, str] | None:
    """Exchange a token for (user id, new token), else None.

    A token that was exchanged before has been stolen, or was stolen from: its whole family ends
    (RFC 9700, section 4.14.2).
    """
    async with db.begin() as connection:
        known = await _find(connection, token)
        if known is None or known.expires_at < datetime.now(UTC):
            return None
        if known.used:
            log.warning("A refresh token of user %s was used twice; its family is revoked", known.user_id)
            await _end(connection, known.family)
            return None
        await connection.execute(update(RefreshToken).where(RefreshToken.digest == known.digest).values(used=True))
        return known.user_id, await _store(connection, known.user_id, known.family, lifetime)


async def revoke(db: Database, token: str) -> None:
    """End the family of a token; unknown ones are no error."""
    async with db.begin() as connection:
        if known := await _find(connection, token):
            await _end(connection, known.family)


async def _find(connection: AsyncConnection, token: str) -> Row[bytes, UUID, int, datetime, bool] | None:
    # One at a time works on a user's tokens: else a rotation at the same moment would add one to a family that ends.
    mine = RefreshToken.digest == digest(token)
    owner = select(RefreshToken.user_id).where(mine).scalar_subquery()
    await connection.execute(select(User.id).where(User.id == owner).with_for_update(key_share=True))
    return (await connection.execute(select(*RefreshToken.__table__.columns).where(mine))).one_or_none()


async def _end(connection: AsyncConnection, family: UUID) -> None:
    await connection.execute(delete(RefreshToken).where(RefreshToken.family == family))


async def _store(connection: AsyncConnection, user_id: int, family: UUID, lifetime: timedelta) -> str:
    token = create_refresh_token()
    row = {"digest": digest(token), "family": family, "user_id": user_id, "expires_at": datetime.now(UTC) + lifetime}
    await connection.execute(insert(RefreshToken).values(row))
    return token
