"""What can be done with posts; knows no HTTP."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.posts.models import Post


async def create(session: AsyncSession, owner_id: int, title: str, content: str) -> Post:
    """Store a post of `owner_id` and return it."""
    statement = insert(Post).values(owner_id=owner_id, title=title, content=content).returning(Post)
    return (await session.scalars(statement)).one()


async def newest(session: AsyncSession, limit: int, before: int | None) -> Sequence[Post]:
    """Return up to `limit` posts, newest first, older than id `before`."""
    statement = select(Post).order_by(Post.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Post.id < before)
    return (await session.scalars(statement)).all()
