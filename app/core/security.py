"""Passwords and access tokens."""

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import uuid4

import jwt
from anyio import to_thread
from pwdlib import PasswordHash

from app.core.config import Settings

hasher = PasswordHash.recommended()


@cache
def _dummy_hash() -> str:
    return hasher.hash("a password that nobody has")


async def hash_password(password: str) -> str:
    """Hash a password with Argon2id, off the event loop."""
    return await to_thread.run_sync(hasher.hash, password)


async def verify_password(password: str, hashed: str | None) -> bool:
    """Check a password; None stands for a user who doesn't exist.

    An unknown user costs one verification too, so that timing tells nothing.
    """
    known = hashed if hashed is not None else await to_thread.run_sync(_dummy_hash)
    return await to_thread.run_sync(hasher.verify, password, known) and hashed is not None


def create_access_token(user_id: int, settings: Settings) -> str:
    """Sign a token (JWT: sub, iat, exp, jti) for a user."""
    now = datetime.now(UTC)
    claims = {
        "sub": str(user_id),
        "iat": now,
        "exp": now + timedelta(minutes=settings.access_token_expire_minutes),
        "jti": uuid4().hex,
    }
    return jwt.encode(claims, settings.secret_key_fastapi_auth.get_secret_value(), settings.algorithm)


def read_access_token(token: str, settings: Settings) -> int | None:
    """Return the user's id in a valid token, else None."""
    try:
        claims = jwt.decode(
            token,
            settings.secret_key_fastapi_auth.get_secret_value(),
            algorithms=[settings.algorithm],
            options={"require": ["sub", "iat", "exp", "jti"]},
        )
        user_id = int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
    return user_id if 0 < user_id < 2**31 else None  # what the column can hold
