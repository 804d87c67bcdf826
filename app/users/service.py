"""What users can do; knows no HTTP."""

from datetime import datetime

from sqlalchemy import Row, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Database
from app.core.security import Passwords
from app.users.models import User

_SHOWN = (User.id, User.email, User.created_at)
UserRow = Row[int, str, datetime]


class EmailTaken(Exception):
    """Somebody registered with this e-mail before."""


async def register(db: Database, passwords: Passwords, email: str, password: str) -> UserRow:
    """Add a user; raises EmailTaken, also when two race."""

    async def is_free() -> None:
        async with db.connect() as connection:
            if await connection.scalar(select(exists().where(User.email == email))):
                raise EmailTaken

    # The hash costs more than everything else: it holds no connection meanwhile, and of many who want the same
    # e-mail at once only the first few need it.
    password_hash = await passwords.hash(password, is_free)
    new = insert(User).values(email=email, password_hash=password_hash)
    async with db.connect() as connection:
        row = (await connection.execute(new.on_conflict_do_nothing().returning(*_SHOWN))).one_or_none()
    if row is None:
        raise EmailTaken
    return row


async def authenticate(db: Database, passwords: Passwords, email: str | None, password: str) -> int | None:
    """Return the id of the user with this e-mail and password, else None."""
    statement = select(User.id, User.password_hash).where(User.email == email)
    async with db.connect() as connection:
        user = (await connection.execute(statement)).one_or_none()
    right, better = await passwords.verify(password, user.password_hash if user else None)
    if user is None or not right:
        return None
    if better:
        unchanged = (User.id == user.id, User.password_hash == user.password_hash)
        async with db.connect() as connection:
            await connection.execute(update(User).where(*unchanged).values(password_hash=better))
    user_id: int = user.id
    return user_id


async def get(db: Database, user_id: int) -> UserRow | None:
    """Return a user by id, else None."""
    async with db.connect() as connection:
        return (await connection.execute(select(*_SHOWN).where(User.id == user_id))).one_or_none()
