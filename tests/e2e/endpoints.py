"""Endpoints that the tests add to the service: what a mistake in one can do, and answers that take their time."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter, Request, WebSocket
from fastapi.responses import StreamingResponse

from app.core.db import DB

router = APIRouter(prefix="/tests")


@router.get("/block")
async def block() -> None:
    """Let nothing else happen in this worker for longer than gunicorn bears."""
    time.sleep(45)


@router.get("/exit")
@router.post("/exit")
async def leave() -> None:
    """End the worker."""
    os._exit(1)


@router.get("/stay")
@router.post("/stay")
async def stay() -> None:
    """Wait while there is a folder, with a file in it meanwhile."""
    folder = Path("/tmp/stay")
    if folder.exists():
        (folder / uuid.uuid4().hex).touch()
    while folder.exists():
        await asyncio.sleep(0.05)


@router.get("/stream")
async def stream(seconds: int) -> StreamingResponse:
    """Answer for so many seconds, ten parts a second."""

    async def parts() -> AsyncIterator[str]:
        for number in range(10 * seconds):
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(parts(), media_type="text/event-stream")


@router.post("/upload")
async def upload(request: Request) -> int:
    """Return the size of a body."""
    return sum([len(part) async for part in request.stream()])


@router.get("/client")
async def client(request: Request) -> dict[str, str]:
    """Return what the service sees of a client."""
    of = request.client.host if request.client else ""
    return {"client": of, "url": str(request.url)} | dict(request.headers)


@router.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Say what the client says."""
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


REQUESTS = [0]


def segfault_sometimes() -> None:
    """End the worker at every tenth request."""
    REQUESTS[0] += 1
    if REQUESTS[0] % 10 == 0:
        os.kill(os.getpid(), signal.SIGSEGV)


KEPT: list[object] = []


async def keep_a_connection(db: DB) -> None:
    """Take a connection to the database, and never give it back."""
    connecting = db.connect()
    await connecting.__aenter__()
    KEPT.append(connecting)
