"""Endpoints: register, log in, who am I."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

from app.core.config import Settings
from app.core.db import Session
from app.core.security import create_access_token, read_access_token
from app.users import service
from app.users.models import User
from app.users.schemas import Token, UserIn, UserOut

router = APIRouter(prefix="/users", tags=["users"])
bearer = OAuth2PasswordBearer(tokenUrl="users/token")


def get_settings(request: Request) -> Settings:
    """Return the settings that the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(status.HTTP_401_UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


async def current_user(token: Annotated[str, Depends(bearer)], session: Session, settings: SettingsDep) -> User:
    """Return the user of the request's token; 401 without a valid one."""
    user_id = read_access_token(token, settings)
    user = await service.get(session, user_id) if user_id is not None else None
    if user is None:
        raise _unauthorized("The token is not valid.")
    return user


CurrentUser = Annotated[User, Depends(current_user, scope="function")]


@router.post("", status_code=status.HTTP_201_CREATED)
async def register(new: UserIn, session: Session) -> UserOut:
    """Register with an e-mail and a password."""
    try:
        user = await service.register(session, new.email, new.password.get_secret_value())
    except service.EmailTaken:
        raise HTTPException(status.HTTP_409_CONFLICT, "This e-mail is registered already.") from None
    return UserOut.model_validate(user)


@router.post("/token")
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], session: Session, settings: SettingsDep
) -> Token:
    """Exchange e-mail and password for an access token."""
    user = await service.authenticate(session, form.username, form.password)
    if user is None:
        raise _unauthorized("E-mail or password is wrong.")
    token = create_access_token(user.id, settings)
    return Token(access_token=token, expires_in=settings.access_token_expire_minutes * 60)


@router.get("/me")
async def me(user: CurrentUser) -> UserOut:
    """Return the user of this token."""
    return UserOut.model_validate(user)
