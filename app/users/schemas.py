"""What goes in and out of the users' endpoints."""

from datetime import datetime
from typing import Annotated, Literal

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from pydantic import AfterValidator, BaseModel, EmailStr, Field, SecretStr, TypeAdapter, ValidationError

# Names under .test, .local and the like are refused because no mail from outside reaches them. The service sends none,
# and its OpenAPI allows them: the list is there to be changed (README of email-validator).
SPECIAL_USE_DOMAIN_NAMES.clear()

# A name around the address, as in `Ada <ada@example.com>`, is cut off.
Email = Annotated[EmailStr, AfterValidator(str.lower), Field(max_length=254)]


def _is_text(password: SecretStr) -> SecretStr:
    # JSON can say half of a surrogate pair, which SecretStr lets through and no hash can take.
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("is not text") from None
    return password


Secret = Annotated[SecretStr, AfterValidator(_is_text)]
# 1,024 bounds the work of a hash; shorter than 8 is refused by NIST SP 800-63B, section 3.1.1.
Password = Annotated[Secret, Field(min_length=8, max_length=1024)]
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


def fold_email(text: str) -> str | None:
    """Return an e-mail as it is stored, None when it cannot be one."""
    try:
        return _EMAIL.validate_python(text)
    except ValidationError:
        return None


class UserIn(BaseModel):
    """A registration."""

    email: Email
    password: Password


class UserOut(BaseModel):
    """A user as they see themselves."""

    id: int
    email: str
    created_at: datetime


class LoginIn(BaseModel):
    """The form of a login (RFC 6749, section 4.3.2)."""

    grant_type: Literal["password"] = "password"
    username: Annotated[str, Field(min_length=1, max_length=254, description="The e-mail.")]
    password: Annotated[Secret, Field(min_length=1, max_length=1024)]


class RefreshTokenIn(BaseModel):
    """A refresh token."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=100)]


class Tokens(BaseModel):
    """The answer to a login (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: Annotated[int, Field(description="Seconds until the access token is refused.")]
    refresh_token: Annotated[str, Field(description="Good once, for the next pair of tokens.")]
