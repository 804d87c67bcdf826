"""What goes in and out of the posts' endpoints."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.core.pagination import Page

# PostgreSQL cannot store a NUL in a text.
STORABLE = r"^[^\x00]*$"


class PostIn(BaseModel):
    """A post to create, or what it is changed to."""

    title: Annotated[str, Field(min_length=1, max_length=200, pattern=STORABLE)]
    content: Annotated[str, Field(max_length=20_000, pattern=STORABLE)]


class PostOut(BaseModel):
    """A post as it is stored."""

    id: int
    owner_id: int
    title: str
    content: str
    created_at: datetime
    updated_at: datetime


class PostPage(Page[PostOut]):
    """Some posts, newest first."""
