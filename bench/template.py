"""The service's list and creation as well-known templates write them, for `bench/service.py` to compare.

Plain `def` endpoints in FastAPI's thread pool, a session of the ORM for each request, the token's user looked up each
time, commit and refresh: the style of full-stack-fastapi-template and of most tutorials. Without their count of all
rows for each list. Tables, schemas and settings are the service's own.
"""

from collections.abc import Iterator
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.core.config import get_settings
from app.posts.models import Post
from app.posts.schemas import PostIn, PostOut
from app.users.models import User

settings = get_settings()
key = settings.secret_key_fastapi_auth.get_secret_value()
size = settings.database_pool_size
engine = create_engine(settings.database_url, pool_size=size // 2, max_overflow=size - size // 2)
app = FastAPI()


class PostPublic(PostOut, from_attributes=True):
    """A post, made of a row."""


class PostsPublic(BaseModel):
    """A page."""

    items: list[PostPublic]


def get_session() -> Iterator[Session]:
    """Give a request its session."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
TokenDep = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]


def get_current_user(session: SessionDep, token: TokenDep) -> User:
    """Look the user up."""
    try:
        claims = jwt.decode(token, key, algorithms=[settings.algorithm])
    except jwt.InvalidTokenError:
        raise HTTPException(403, "Could not validate credentials") from None
    user = session.get(User, int(claims["sub"]))
    if not user:
        raise HTTPException(404, "User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@app.get("/posts")
def read_posts(session: SessionDep, _user: CurrentUser, limit: int = 20) -> PostsPublic:
    """List posts."""
    posts = session.scalars(select(Post).order_by(Post.id.desc()).limit(limit)).all()
    return PostsPublic(items=[PostPublic.model_validate(post) for post in posts])


@app.post("/posts", status_code=201)
def create_post(session: SessionDep, user: CurrentUser, new: PostIn) -> PostPublic:
    """Create a post."""
    post = Post(**new.model_dump(), owner_id=user.id)
    session.add(post)
    session.commit()
    session.refresh(post)
    return PostPublic.model_validate(post)
