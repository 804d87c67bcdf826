"""Who makes a request."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer

from app.core.security import read_access_token


def invalid_token() -> HTTPException:
    """Return the answer to a token that is no good (RFC 6750, section 3.1)."""
    return HTTPException(401, "The token is not valid.", {"WWW-Authenticate": 'Bearer error="invalid_token"'})


class AccessToken(OAuth2PasswordBearer):
    """Read the user's id from the access token of a request."""

    async def __call__(self, request: Request) -> int:  # type: ignore[override]
        """Return the id; 401 without a token that is ours and has not expired.

        No database is asked: a token is good until it expires, which is why it expires soon.
        """
        token = await super().__call__(request)
        user_id = read_access_token(token or "", request.app.state.settings)
        if user_id is None:
            raise invalid_token()
        return user_id


CurrentUserId = Annotated[int, Depends(AccessToken(tokenUrl="users/token"))]
