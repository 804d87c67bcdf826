"""What users can do; knows no HTTP."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.security import hash_password, verify_password
from app.users.models import User


class EmailTaken(Exception):
    """Somebody registered with this e-mail before."""


async def register(session: AsyncSession, email: str, password: str) -> User:
    """Add a user; raises EmailTaken, also when two race."""
    password_hash = await hash_password(password)
    user: User | None = await session.scalar(
        insert(User)
        .values(email=email, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=[User.email])
        .returning(User)
    )
    if user is None:
        raise EmailTaken(email)
    return user


async def authenticate(session: AsyncSession, email: str, password: str) -> User | None:
    """Return the user with this e-mail and password, else None."""
    known = "\0" not in email  # which PostgreSQL's text cannot hold
    user = await session.scalar(select(User).where(User.email == email.lower())) if known else None
    matches = await verify_password(password, user.password_hash if user else None)
    return user if matches else None


async def get(session: AsyncSession, user_id: int) -> User | None:
    """Return a user by id, else None."""
    return await session.get(User, user_id)
