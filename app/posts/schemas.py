"""What goes in and out of the posts' endpoints."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# PostgreSQL cannot store a NUL in a text.
STORABLE = r"^[^\x00]*$"


class PostIn(BaseModel):
    """A post to create."""

    title: Annotated[str, Field(min_length=1, max_length=200, pattern=STORABLE)]
    content: Annotated[str, Field(max_length=20_000, pattern=STORABLE)]


class PostOut(BaseModel):
    """A post as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    owner_id: int
    title: str
    content: str
    created_at: datetime


class PostPage(BaseModel):
    """Some posts, newest first; `next` is the cursor of what follows."""

    items: list[PostOut]
    next: int | None
