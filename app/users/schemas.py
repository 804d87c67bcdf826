"""What goes in and out of the users' endpoints."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, SecretStr

Email = Annotated[EmailStr, AfterValidator(str.lower), Field(max_length=254)]
# 1,024 bounds the work of a hash; shorter than 8 is refused by NIST SP 800-63B, section 3.1.1.
Password = Annotated[SecretStr, Field(min_length=8, max_length=1024)]


class UserIn(BaseModel):
    """A registration."""

    email: Email
    password: Password


class UserOut(BaseModel):
    """A user as others see them."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    created_at: datetime


class Token(BaseModel):
    """The answer to a login (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int
