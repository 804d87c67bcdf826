"""Errors, all of them as application/problem+json (RFC 9457)."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from app.core.logging import request_id
from app.core.metrics import route_template
from app.core.turns import Busy

MEDIA_TYPE = "application/problem+json"
RETRY = {"Retry-After": "2"}  # seconds
log = logging.getLogger(__name__)


class InvalidField(BaseModel):
    """What is wrong with one field of a request."""

    type: str
    loc: list[str | int]
    msg: str


class Problem(BaseModel):
    """Why a request failed."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[InvalidField] | None = None


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """Return the answer to a request that failed."""
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "request_id": request_id()}
    return JSONResponse(content | more, status, headers, MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of an endpoint's problems, for `responses=`."""
    return {status: _documented(HTTPStatus(status).phrase) for status in statuses}


def _documented(description: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


ANY_PROBLEM: dict[int | str, dict[str, Any]] = {"default": _documented("Any other problem")}


def handle_errors(app: FastAPI, known: Mapping[type[Exception], HTTPException]) -> None:
    """Answer every error with a problem, and say so in the OpenAPI.

    `known` maps what the services raise to what it is in HTTP.
    """

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        headers = dict(error.headers or {})
        # The router names the methods of the first route with this path; the path may have more.
        if error.status_code == 405 and (path := app.openapi()["paths"].get(route_template(request.scope))):
            methods = {method.upper() for method in path} | ({"HEAD"} if "get" in path else set())
            headers["Allow"] = ", ".join(sorted(methods))
        return problem(error.status_code, error.detail, headers)

    app.add_exception_handler(HTTPException, refused)
    for kind, answer in known.items():
        app.add_exception_handler(kind, _always(answer))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Busy, _always(HTTPException(503, "Too much to do; try again.", RETRY)))
    for failed in (OperationalError, InterfaceError):
        app.add_exception_handler(failed, _database_failed)

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            app.openapi_schema["components"]["schemas"] |= schema.pop("$defs") | {"Problem": schema}
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _always(answer: HTTPException) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answered(request: Request, error: Exception) -> JSONResponse:
        return problem(answer.status_code, answer.detail, answer.headers)

    return answered


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    if expected := _other_media_type(request):
        return problem(415, f"The body has to be {expected}.")
    # Without the input, as FastAPI would add it: that may be a password, or text that JSON cannot hold.
    fields = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
    return problem(422, "The request is not valid.", errors=fields)


def _other_media_type(request: Request) -> str | None:
    body = getattr(request.scope.get("route"), "body_field", None)
    if body is None:
        return None
    expected: str = body.field_info.media_type
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    alike = sent.endswith("+json") if expected == "application/json" else sent == "multipart/form-data"
    return None if sent == expected or alike else expected


async def _database_failed(request: Request, error: Exception) -> JSONResponse:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    log.warning("The database failed (%s): %s", state, str(error).partition("\n")[0])
    # Without a state there is no server; the classes are connection failures and shutdowns, and "too many clients".
    away = state is None or state.startswith(("08", "57P", "53300"))
    detail = "The database is away; try again." if away else "The database could not do this now; try again."
    return problem(503, detail, RETRY)
