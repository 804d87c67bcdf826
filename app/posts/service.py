"""What can be done with posts; knows no HTTP.

PostgreSQL builds the JSON of what is read: it is sent as it comes, without a detour over Python objects.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import Database, sweep
from app.posts.models import Creation, Post
from app.posts.schemas import PostOut

REMEMBERED = timedelta(days=1)  # how long a creation may be repeated
_FORGOTTEN = Creation.created_at < func.now() - REMEMBERED
EXPIRED = sweep(Creation, _FORGOTTEN)


class NoSuchOwner(Exception):
    """The user is gone."""


class NoSuchPost(Exception):
    """There is no post with this id."""


class NotTheOwner(Exception):
    """The post is somebody else's."""


class Changed(Exception):
    """The post has another version than the one expected."""


class KeyReused(Exception):
    """The key was used before, for another post."""


class Stored(NamedTuple):
    """A stored post; `json` is a PostOut."""

    id: int
    version: int
    json: str


def _post_out() -> ColumnElement[str]:
    parts: list[Any] = []
    for name in PostOut.model_fields:
        parts += literal_column(f"'{name}'"), getattr(Post, name)
    return cast(func.json_build_object(*parts), Text)


_STORED = (Post.id, Post.version, _post_out())
# Built once: building a statement takes longer than executing it.
_INSERT = insert(Post).returning(*_STORED)
_SELECT = select(*_STORED).where(Post.id == bindparam("id"))


@cache
def _newest(*, after: bool, by_owner: bool, matching: bool) -> Select[int, int, str]:
    newest = select(*_STORED).order_by(Post.id.desc()).limit(bindparam("limit", type_=BigInteger))
    if after:
        newest = newest.where(Post.id < bindparam("cursor"))
    if by_owner:
        newest = newest.where(Post.owner_id == bindparam("owner_id"))
    if matching:
        query = func.websearch_to_tsquery(literal_column("'simple'"), bindparam("query", type_=String))
        newest = newest.where(Post.search.op("@@")(query))
    return newest


async def newest(
    db: Database, limit: int, cursor: int | None = None, owner_id: int | None = None, query: str | None = None
) -> Sequence[Stored]:
    """Return up to `limit` posts, newest first.

    Only those older than id `cursor`, by `owner_id`, and with the words of `query` (PostgreSQL's websearch syntax).
    """
    values = {"limit": limit, "cursor": cursor, "owner_id": owner_id, "query": query}
    statement = _newest(after=cursor is not None, by_owner=owner_id is not None, matching=query is not None)
    async with db.connect() as connection:
        return [Stored(*row) for row in await connection.execute(statement, values)]


async def get(db: Database, post_id: int) -> Stored:
    """Return a post; raises NoSuchPost."""
    async with db.connect() as connection:
        row = (await connection.execute(_SELECT, {"id": post_id})).one_or_none()
    if row is None:
        raise NoSuchPost
    return Stored(*row)


async def create(db: Database, owner_id: int, title: str, content: str, key: str | None = None) -> Stored:
    """Store a post; the same `key` again returns what it returned before.

    Raises NoSuchOwner, and KeyReused when the key came with another post within a day.
    """
    values = {"owner_id": owner_id, "title": title, "content": content}
    try:
        if key is not None:
            return await _create_once(db, values, key)
        async with db.connect() as connection:
            return Stored(*(await connection.execute(_INSERT, values)).one())
    except IntegrityError as error:
        raise NoSuchOwner from error


async def _create_once(db: Database, values: dict[str, Any], key: str) -> Stored:
    owner_id = values["owner_id"]
    fingerprint = hashlib.sha256(f"{values['title']}\0{values['content']}".encode()).digest()
    ours = (Creation.owner_id == owner_id, Creation.key == key)
    fresh = {"fingerprint": fingerprint, "post_id": None, "answer": None, "created_at": func.now()}
    claim = upsert(Creation).values(owner_id=owner_id, key=key, fingerprint=fingerprint)
    claim = claim.on_conflict_do_update(index_elements=[Creation.owner_id, Creation.key], set_=fresh, where=_FORGOTTEN)
    async with db.begin() as connection:
        # Waits for another transaction with this key: of two at once, the second finds the first one's answer.
        claimed = await connection.scalar(claim.returning(Creation.key))
        if claimed is None:
            before = (await connection.execute(select(Creation).where(*ours))).one()
            if before.fingerprint != fingerprint:
                raise KeyReused
            return Stored(before.post_id, 1, before.answer)
        stored = Stored(*(await connection.execute(_INSERT, values)).one())
        await connection.execute(update(Creation).where(*ours).values(post_id=stored.id, answer=stored.json))
        return stored


async def change(
    db: Database, owner_id: int, post_id: int, title: str, content: str, versions: Collection[int] | None = None
) -> Stored:
    """Change a post of `owner_id` that has one of `versions`, or any.

    Raises NoSuchPost, NotTheOwner and Changed.
    """
    changed = {"title": title, "content": content, "version": Post.version + 1, "updated_at": func.now()}
    statement = update(Post).where(*_allowed(owner_id, post_id, versions)).values(changed).returning(*_STORED)
    async with db.connect() as connection:
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise await _refusal(connection, owner_id, post_id)
    return Stored(*row)


async def remove(db: Database, owner_id: int, post_id: int, versions: Collection[int] | None = None) -> None:
    """Delete a post of `owner_id` that has one of `versions`, or any.

    Raises NoSuchPost, NotTheOwner and Changed.
    """
    statement = delete(Post).where(*_allowed(owner_id, post_id, versions)).returning(Post.id)
    async with db.connect() as connection:
        if await connection.scalar(statement) is None:
            raise await _refusal(connection, owner_id, post_id)


def _allowed(owner_id: int, post_id: int, versions: Collection[int] | None) -> list[ColumnElement[bool]]:
    allowed = [Post.id == post_id, Post.owner_id == owner_id]
    return allowed if versions is None else [*allowed, Post.version.in_(versions)]


async def _refusal(connection: AsyncConnection, owner_id: int, post_id: int) -> Exception:
    owner = await connection.scalar(select(Post.owner_id).where(Post.id == post_id))
    if owner is None:
        return NoSuchPost()
    return Changed() if owner == owner_id else NotTheOwner()
