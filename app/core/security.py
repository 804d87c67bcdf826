"""Passwords, access tokens and refresh tokens."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time
from uuid import uuid4

import jwt
from anyio import to_thread
from pwdlib import PasswordHash

from app.core.config import Settings
from app.core.turns import Turns

PATIENCE = 10  # seconds for a turn
# How many may wait for each turn. A hash takes 0.16 seconds of a core, and about one second when four workers on two
# cores do all that they may: ten would have their turn in time. Half as many also have their answer before a client
# that waits 10 seconds gives up.
QUEUE = 5


class Passwords:
    """Hash and verify passwords with Argon2id, off the event loop.

    Each takes 64 MiB and a core: a worker does only `at_once` at a time, and the others wait. Only one of these is of a
    new password, and it has a queue of its own: however many register, a login waits for one of them at most. All
    raise Busy after 10 seconds, or at once when too many wait.
    """

    def __init__(self, hasher: PasswordHash | None = None, at_once: int = 2) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._logins = Turns("login", at_once, PATIENCE, QUEUE * at_once)
        self._registrations = Turns("registration", 1, PATIENCE, QUEUE)
        # Both together use no more memory than logins alone: a container has 1 GB for all workers.
        self._memory = asyncio.Semaphore(at_once)
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str, check: Callable[[], Awaitable[None]]) -> str:
        """Return the hash of a password.

        `check` is called when the turn has come: it raises when the hash is no longer needed.
        """
        async with self._registrations:
            await check()
            async with self._memory:
                return await to_thread.run_sync(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Return whether the password is right, and a new hash when the old one is weak.

        None stands for a user who doesn't exist; that takes as long, so that timing tells nothing.
        """
        known = hashed if hashed is not None else self._nobody
        async with self._logins, self._memory:
            right, better = await to_thread.run_sync(self._hasher.verify_and_update, password, known)
        return (right, better) if hashed is not None else (False, None)


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
        user_id, expires = _verify(token, settings.accepted_keys, settings.algorithm)
    except (jwt.InvalidTokenError, ValueError):
        return None
    # No other id fits into the column.
    return user_id if expires > time() and 0 < user_id < 2**63 else None


@lru_cache(maxsize=1024)  # a client sends the same token again and again; what is not valid is not kept
def _verify(token: str, keys: tuple[str, ...], algorithm: str) -> tuple[int, int]:
    # Hosts' clocks differ by a little: a token from the next second is no forgery.
    options = {"require": ["sub", "iat", "exp", "jti"], "verify_iat": False}
    for key in keys:
        # Only the signature depends on the key: what else is wrong with a token is wrong with each.
        with suppress(jwt.InvalidSignatureError):
            claims = jwt.decode(token, key, algorithms=[algorithm], options=options)  # type: ignore[arg-type]
            return int(claims["sub"]), int(claims["exp"])
    raise jwt.InvalidSignatureError("no key has signed it")


def create_refresh_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return what the database keeps of a refresh token."""
    return hashlib.sha256(token.encode()).digest()
