"""Endpoints: register, log in, refresh, log out, who am I."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request

from app.core.config import Settings
from app.core.db import DB
from app.core.errors import problems
from app.core.security import Passwords, create_access_token
from app.core.turns import Busy
from app.users import service, tokens
from app.users.auth import CurrentUserId, invalid_token, unauthorized
from app.users.schemas import LoginIn, RefreshTokenIn, Tokens, UserIn, UserOut, fold_email
from app.users.throttle import Throttle, TooManyAttempts

ERRORS: dict[type[Exception], HTTPException] = {
    service.EmailTaken: HTTPException(409, "This e-mail is registered already.")
}
router = APIRouter(prefix="/users", tags=["users"], responses=problems(422))


@router.post("", status_code=201, responses=problems(409, 429))
async def register(new: UserIn, request: Request, db: DB) -> UserOut:
    """Register with an e-mail and a password."""
    passwords: Passwords = request.app.state.passwords
    throttle: Throttle = request.app.state.throttle
    try:
        await throttle.registration(db, _client(request))
    except TooManyAttempts as error:
        raise _wait("Too many registrations; wait.", error) from None
    user = await service.register(db, passwords, new.email, new.password.get_secret_value())
    return UserOut.model_validate(user, from_attributes=True)


@router.post("/token", responses=problems(401, 429))
async def log_in(form: Annotated[LoginIn, Form()], request: Request, db: DB) -> Tokens:
    """Exchange e-mail and password for an access token and a refresh token."""
    passwords: Passwords = request.app.state.passwords
    throttle: Throttle = request.app.state.throttle
    settings: Settings = request.app.state.settings
    email = fold_email(form.username)
    who = email or form.username, _client(request)
    try:
        await throttle.attempt(db, *who)
    except TooManyAttempts as error:
        raise _wait("Too many logins; wait.", error) from None
    try:
        user_id = await service.authenticate(db, passwords, email, form.password.get_secret_value())
    except Busy:
        await throttle.undecided(db, *who)
        raise
    if user_id is None:
        raise unauthorized("E-mail or password is wrong.")
    await throttle.succeeded(db, *who)
    refresh_token = await tokens.issue(db, user_id, timedelta(days=settings.refresh_token_expire_days))
    return _tokens(user_id, refresh_token, settings)


@router.post("/token/refresh", responses=problems(401))
async def refresh(old: RefreshTokenIn, request: Request, db: DB) -> Tokens:
    """Exchange a refresh token, which is good once, for new tokens."""
    settings: Settings = request.app.state.settings
    new = await tokens.rotate(db, old.refresh_token, timedelta(days=settings.refresh_token_expire_days))
    if new is None:
        raise invalid_token()
    return _tokens(*new, settings)


@router.post("/logout", status_code=204)
async def log_out(token: RefreshTokenIn, db: DB) -> None:
    """Revoke a refresh token and all that came from the same login."""
    await tokens.revoke(db, token.refresh_token)


@router.get("/me", responses=problems(401))
async def me(user_id: CurrentUserId, db: DB) -> UserOut:
    """Return the user of this token."""
    user = await service.get(db, user_id)
    if user is None:
        raise invalid_token()
    return UserOut.model_validate(user, from_attributes=True)


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _wait(detail: str, error: TooManyAttempts) -> HTTPException:
    return HTTPException(429, detail, {"Retry-After": str(error.seconds)})


def _tokens(user_id: int, refresh_token: str, settings: Settings) -> Tokens:
    access_token = create_access_token(user_id, settings)
    seconds = settings.access_token_expire_minutes * 60
    return Tokens(access_token=access_token, expires_in=seconds, refresh_token=refresh_token)
