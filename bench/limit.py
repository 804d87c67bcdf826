"""The least that could answer as the service does: Starlette, psycopg, one statement.

No framework, no token, no validation, no log, no metrics: what `bench/service.py` measures the service against.
On /rows as anybody would write it; on /json with the JSON made by PostgreSQL, which is the fastest way there is.
DSN names the database, CONNECTIONS says how many of them a worker holds.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

NAMES = ("id", "owner_id", "title", "content", "created_at", "updated_at")
COLUMNS = ", ".join(NAMES)
NEWEST = f"SELECT {COLUMNS} FROM posts ORDER BY id DESC LIMIT %s"  # noqa: S608
CREATE = f"INSERT INTO posts (owner_id, title, content) VALUES (1, %s, %s) RETURNING {COLUMNS}"  # noqa: S608
AS_JSON = "WITH post AS ({}) SELECT row_to_json(post)::text FROM post"

idle: "asyncio.LifoQueue[psycopg.AsyncConnection]"


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the connections."""
    global idle
    idle = asyncio.LifoQueue()
    for _ in range(int(os.environ["CONNECTIONS"])):
        idle.put_nowait(await psycopg.AsyncConnection.connect(os.environ["DSN"], autocommit=True))
    yield
    while not idle.empty():
        await idle.get_nowait().close()


async def fetch(statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    connection = await idle.get()
    try:
        return await (await connection.execute(statement, values)).fetchall()
    finally:
        idle.put_nowait(connection)


def post(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row as JSON can hold it."""
    *same, created, updated = row
    return dict(zip(NAMES, (*same, created.isoformat(), updated.isoformat()), strict=True))


async def newest_rows(request: Request) -> Response:
    """List posts."""
    items = [post(row) for row in await fetch(NEWEST, (int(request.query_params.get("limit", 20)),))]
    return JSONResponse({"items": items, "next": items[-1]["id"] if items else None})


async def create_rows(request: Request) -> Response:
    """Create a post."""
    new = await request.json()
    return JSONResponse(post((await fetch(CREATE, (new["title"], new["content"])))[0]), 201)


async def newest_json(request: Request) -> Response:
    """List posts."""
    rows = await fetch(AS_JSON.format(NEWEST), (int(request.query_params.get("limit", 20)),))
    return Response(f'{{"items":[{",".join(row[0] for row in rows)}],"next":null}}', media_type="application/json")


async def create_json(request: Request) -> Response:
    """Create a post."""
    new = await request.json()
    rows = await fetch(AS_JSON.format(CREATE), (new["title"], new["content"]))
    return Response(rows[0][0], 201, media_type="application/json")


app = Starlette(
    routes=[
        Route("/rows", newest_rows, methods=["GET"]),
        Route("/rows", create_rows, methods=["POST"]),
        Route("/json", newest_json, methods=["GET"]),
        Route("/json", create_json, methods=["POST"]),
    ],
    lifespan=lifespan,
)
