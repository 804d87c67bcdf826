"""Pages by keyset: none repeats or leaves out a row while others are added."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[int | None, Query(ge=1, lt=2**63, description="`next` of the page before.")]


class Page(BaseModel, Generic[Item]):
    """Some items, newest first; `next` is the cursor of what follows."""

    items: list[Item]
    next: int | None


def json_page(items: Sequence[str], following: int | None) -> bytes:
    """Return a Page as JSON, of items that are JSON already."""
    return f'{{"items":[{",".join(items)}],"next":{"null" if following is None else following}}}'.encode()
