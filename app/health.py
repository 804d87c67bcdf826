"""Health of the process, and of what it needs."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import DB

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether the service can do its work."""

    status: Literal["ok", "unavailable"]
    database: Literal["ok", "away"]


@router.get("/live")
async def live() -> Live:
    """Answer as long as the process runs."""
    return Live()


@router.get("/ready", responses={503: {"model": Ready, "description": "The database is away"}})
async def ready(response: Response, db: DB) -> Ready:
    """Ask the database; 503 when it is away."""
    try:
        async with asyncio.timeout(2):
            await db.ping()
    except (SQLAlchemyError, OSError, TimeoutError):
        response.status_code = 503
        return Ready(status="unavailable", database="away")
    return Ready(status="ok", database="ok")
