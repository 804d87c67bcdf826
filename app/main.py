"""The application: `app` for the server, `create_app` for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import docs, health
from app.core import metrics
from app.core.config import Settings, get_settings
from app.core.db import Database
from app.core.errors import ANY_PROBLEM, handle_errors
from app.core.logging import configure_logging
from app.core.middleware import RequestMiddleware
from app.core.security import Passwords
from app.posts import router as posts
from app.users import router as users
from app.users.throttle import Throttle

MAX_BODY = 2**20  # bytes


class Index(BaseModel):
    """What the service is, and where to go on."""

    name: str
    version: str
    links: dict[str, str]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect when a worker starts, disconnect when it stops."""
    app.state.database = Database(app.state.settings)
    yield
    await app.state.database.close()


def create_app(settings: Settings | None = None, passwords: Passwords | None = None) -> FastAPI:
    """Build the application; ends the process when settings are missing."""
    settings = settings or get_settings()
    configure_logging()
    app = FastAPI(
        title="Slipway service",
        version=settings.shown_version,
        lifespan=lifespan,
        responses=ANY_PROBLEM,
        docs_url=None,  # its own page, below
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"auto_configure": True},  # exports once OTEL_EXPORTER_OTLP_ENDPOINT is set
    )
    app.state.settings = settings
    app.state.passwords = passwords or Passwords()
    app.state.throttle = Throttle(
        settings.login_attempts_per_account, settings.login_attempts_per_client, settings.registrations_per_client
    )

    app.add_middleware(RequestMiddleware, max_body=MAX_BODY)
    if "uvicorn" not in settings.worker_class:  # which looks at X-Forwarded-For by itself
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.forwarded_allow_ips)
    handle_errors(app, users.ERRORS | posts.ERRORS)

    @app.get("/", tags=["index"])
    async def index() -> Index:
        """Return the service's name, its version and its links."""
        links = {"docs": "/docs", "openapi": "/openapi.json", "live": "/health/live", "ready": "/health/ready"}
        return Index(name=app.title, version=app.version, links=links)

    app.include_router(posts.router)  # routes are tried in order: the busiest first
    app.include_router(users.router)
    app.include_router(health.router)
    app.include_router(docs.router)
    app.include_router(metrics.router)
    return app


app = create_app()
