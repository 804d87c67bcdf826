"""Who makes a request."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer

from app.core.security import read_access_token


def unauthorized(detail: str, error: str = "") -> HTTPException:
    """Return the answer to a request without a good credential (RFC 6750, section 3)."""
    challenge = 'Bearer realm="api"' + (f', error="{error}"' if error else "")
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})


def invalid_token() -> HTTPException:
    """Return the answer to a token that is no good."""
    return unauthorized("The token is not valid.", "invalid_token")


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

    def make_not_authenticated_error(self) -> HTTPException:
        """Return the answer to a request without a token."""
        return unauthorized("A token is needed.")


CurrentUserId = Annotated[int, Depends(AccessToken(tokenUrl="users/token"))]
