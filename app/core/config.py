"""Settings of the service, read once and frozen."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

SECRETS = Path("/run/secrets")

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class Settings(BaseSettings):
    """Hold the service's settings.

    Sources, strongest first: the environment, `.env`, files under /run/secrets.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_hostname: Annotated[str, Field(min_length=1)]
    database_port: Annotated[int, Field(ge=1, le=65535)]
    database_password: SecretStr
    database_name: Annotated[str, Field(min_length=1)]
    database_username: Annotated[str, Field(min_length=1)]
    database_sslmode: SslMode = "prefer"
    secret_key_fastapi_auth: SecretStr
    algorithm: Literal["HS256", "HS384", "HS512"]
    access_token_expire_minutes: Annotated[int, Field(ge=1, le=60 * 24 * 31)]
    version: Annotated[str, Field(validation_alias="APP_VERSION")] = "0.0.0+source"

    @field_validator("secret_key_fastapi_auth")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        # RFC 7518, section 3.2: an HMAC key is at least as long as the hash's output.
        if len(key.get_secret_value().encode()) < 32:
            raise ValueError("needs at least 32 bytes")
        return key

    @property
    def database_url(self) -> URL:
        """Return the URL of the database, password included."""
        return URL.create(
            "postgresql+psycopg",
            username=self.database_username,
            password=self.database_password.get_secret_value(),
            host=self.database_hostname,
            port=self.database_port,
            database=self.database_name,
            query={"sslmode": self.database_sslmode},
        )

    @classmethod
    def load(cls) -> Self:
        """Read the settings, or end the process with one message.

        Raises SystemExit (status 1) that lists every missing and every bad setting.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SystemExit(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    missing = [str(e["loc"][0]).upper() for e in error.errors() if e["type"] == "missing"]
    wrong = [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors() if e["type"] != "missing"]
    lines = ["The service cannot start."]
    if missing:
        lines.append(f"Missing settings: {', '.join(missing)}.")
    lines += [f"Wrong setting {line}." for line in wrong]
    where = "the environment, in .env (`./inv up` makes one) or as files under /run/secrets"
    return "\n".join([*lines, f"Set them in {where}; .env.example explains each."])


@cache
def get_settings() -> Settings:
    """Return the settings of this process."""
    return Settings.load()
