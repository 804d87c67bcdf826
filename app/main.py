"""The application: `app` for the server, `create_app` for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from app import health
from app.core.config import Settings, get_settings
from app.core.db import create_engine, create_sessions
from app.posts.router import router as posts
from app.users.router import router as users


class Index(BaseModel):
    """What the service is, and where to go on."""

    name: str
    version: str
    links: dict[str, str]


async def _database_away(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(
        {"detail": "The database is away; try again."},
        status.HTTP_503_SERVICE_UNAVAILABLE,
        {"Retry-After": "2"},
    )


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    # Without the input, as FastAPI would add it: that may be a password, or text that JSON cannot hold.
    assert isinstance(error, RequestValidationError)  # noqa: S101
    details = [{key: detail[key] for key in ("type", "loc", "msg")} for detail in error.errors()]
    return JSONResponse({"detail": details}, status.HTTP_422_UNPROCESSABLE_CONTENT)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; ends the process when settings are missing."""
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = create_engine(settings)
        app.state.sessions = create_sessions(app.state.engine)
        yield
        await app.state.engine.dispose()

    app = FastAPI(title="Slipway service", version=settings.version, lifespan=lifespan)
    app.state.settings = settings
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(InterfaceError, _database_away)
    app.add_exception_handler(TimeoutError, _database_away)  # every connection of the pool is in use
    app.add_exception_handler(RequestValidationError, _invalid)

    @app.get("/", tags=["index"])
    async def index() -> Index:
        """Return the service's name, its version and its links."""
        links = {"docs": "/docs", "openapi": "/openapi.json", "live": "/health/live", "ready": "/health/ready"}
        return Index(name=app.title, version=app.version, links=links)

    app.include_router(health.router)
    app.include_router(users)
    app.include_router(posts)
    return app


app = create_app()
