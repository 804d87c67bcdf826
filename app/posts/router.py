"""Endpoints: create, read, search, change and delete posts."""

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response

from app.core import etags
from app.core.db import DB
from app.core.errors import problems
from app.core.pagination import Cursor, Limit, json_page
from app.posts import service
from app.posts.schemas import STORABLE, PostIn, PostOut, PostPage
from app.users.auth import CurrentUserId, invalid_token

ERRORS: dict[type[Exception], HTTPException] = {
    service.NoSuchOwner: invalid_token(),
    service.NoSuchPost: HTTPException(404, "There is no such post."),
    service.NotTheOwner: HTTPException(403, "This post is somebody else's."),
    service.Changed: HTTPException(412, "The post has changed since; read it again."),
    service.KeyReused: HTTPException(422, "This Idempotency-Key was used for another post."),
}
router = APIRouter(prefix="/posts", tags=["posts"], responses=problems(401, 422))

PostId = Annotated[int, Path(ge=1, lt=2**63)]
IfMatch = Annotated[str | None, Header(max_length=1000, description="Only when the post's ETag is one of these.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key within a day creates nothing more, and returns the first answer.",
    ),
]


def _etag(stored: service.Stored) -> str:
    return etags.of_version(stored.version, ",".join(PostOut.model_fields))


def _answer(stored: service.Stored, status: int, **headers: str) -> Response:
    return Response(stored.json, status, {"ETag": _etag(stored), **headers}, "application/json")


@router.post("", status_code=201, response_model=PostOut)
async def create(new: PostIn, user_id: CurrentUserId, db: DB, idempotency_key: IdempotencyKey = None) -> Response:
    """Create a post of your own."""
    stored = await service.create(db, user_id, new.title, new.content, idempotency_key)
    return _answer(stored, 201, Location=f"/posts/{stored.id}")


@router.get("", response_model=PostPage)
async def newest(
    request: Request,
    _user_id: CurrentUserId,
    db: DB,
    limit: Limit = 20,
    cursor: Cursor = None,
    author: Annotated[int | None, Query(ge=1, lt=2**63, description="Only this user's.")] = None,
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=200, pattern=STORABLE, description='Only with these words; "…", or, -'),
    ] = None,
) -> Response:
    """List posts, newest first."""
    posts = await service.newest(db, limit + 1, cursor, author, q)  # one more tells whether there is a next page
    content = json_page([post.json for post in posts[:limit]], posts[limit - 1].id if len(posts) > limit else None)
    return etags.answer(request, content, etags.of_content(content))


@router.get("/{post_id}", response_model=PostOut, responses=problems(404))
async def read(request: Request, post_id: PostId, _user_id: CurrentUserId, db: DB) -> Response:
    """Read a post."""
    stored = await service.get(db, post_id)
    return etags.answer(request, stored.json.encode(), _etag(stored))


@router.put("/{post_id}", response_model=PostOut, responses=problems(403, 404, 412))
async def change(post_id: PostId, new: PostIn, user_id: CurrentUserId, db: DB, if_match: IfMatch = None) -> Response:
    """Change a post of your own."""
    stored = await service.change(db, user_id, post_id, new.title, new.content, etags.versions(if_match))
    return _answer(stored, 200)


@router.delete("/{post_id}", status_code=204, responses=problems(403, 404, 412))
async def remove(post_id: PostId, user_id: CurrentUserId, db: DB, if_match: IfMatch = None) -> None:
    """Delete a post of your own."""
    await service.remove(db, user_id, post_id, etags.versions(if_match))
