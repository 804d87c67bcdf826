"""Endpoints: create and list posts."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from app.core.db import Session
from app.posts import service
from app.posts.schemas import PostIn, PostOut, PostPage
from app.users.router import CurrentUser

router = APIRouter(prefix="/posts", tags=["posts"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(new: PostIn, user: CurrentUser, session: Session) -> PostOut:
    """Create a post of your own."""
    return PostOut.model_validate(await service.create(session, user.id, new.title, new.content))


@router.get("")
async def newest(
    _user: CurrentUser,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> PostPage:
    """List posts, newest first; `before` is the last page's `next`."""
    posts = await service.newest(session, limit, before)
    items = [PostOut.model_validate(post) for post in posts]
    return PostPage(items=items, next=items[-1].id if len(items) == limit else None)
