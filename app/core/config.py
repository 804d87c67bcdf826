"""Settings of the service, read once and frozen."""

import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

SECRETS = Path("/run/secrets")
KEYS = ("secret_key_fastapi_auth", "secret_key_fastapi_auth_next", "secret_key_fastapi_auth_previous")

# What tutorials and templates print, FastAPI's own documentation included.
_EXAMPLE_KEY = re.compile(
    r"change|example|placeholder|your.?secret|your.?key|secret.?key|09d25e094faa6ca2556c818166b7a956",
    re.IGNORECASE,
)

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class DatabaseSettings(BaseSettings):
    """Hold where the database is: all that a migration needs.

    Sources, strongest first: the environment, `.env`, files under /run/secrets.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
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
    database_sslrootcert: str | None = None

    @property
    def database_url(self) -> URL:
        """Return the URL of the database, password included."""
        root = self.database_sslrootcert
        return URL.create(
            "postgresql+psycopg",
            username=self.database_username,
            password=self.database_password.get_secret_value(),
            host=self.database_hostname,
            port=self.database_port,
            database=self.database_name,
            query={"sslmode": self.database_sslmode, **({"sslrootcert": root} if root else {})},
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


class Settings(DatabaseSettings):
    """Hold the service's settings, from the same sources."""

    # Four workers of two releases, side by side in a deploy: 80 of PostgreSQL's 100 connections. The rest is for
    # the cleanup, which has one at a time, migrations, health checks and psql.
    database_pool_size: Annotated[int, Field(ge=1, le=1000)] = 10
    # So that a key can be replaced without logging anybody out, two more are accepted. They sign nothing.
    secret_key_fastapi_auth: SecretStr
    secret_key_fastapi_auth_next: SecretStr | None = None
    secret_key_fastapi_auth_previous: SecretStr | None = None
    algorithm: Literal["HS256", "HS384", "HS512"]
    access_token_expire_minutes: Annotated[int, Field(ge=1, le=60 * 24 * 31)]
    refresh_token_expire_days: Annotated[int, Field(ge=1, le=3650)] = 30
    login_attempts_per_account: Annotated[int, Field(ge=1)] = 10
    login_attempts_per_client: Annotated[int, Field(ge=1)] = 100
    registrations_per_client: Annotated[int, Field(ge=1)] = 50
    worker_class: str = "uvicorn_worker.UvicornWorker"
    forwarded_allow_ips: str = "127.0.0.1,::1"
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    version: Annotated[str, Field(validation_alias="APP_VERSION")] = "0.0.0+source"
    reload: bool = False

    @field_validator("algorithm")
    @classmethod
    def _keys_fit(cls, algorithm: str, info: ValidationInfo) -> str:
        # RFC 7518, section 3.2: an HMAC key is at least as long as the hash's output.
        least = int(algorithm.removeprefix("HS")) // 8
        short = [name for name, key in _keys(info.data).items() if len(key.encode()) < least]
        if short:
            raise ValueError(f"needs a {' and a '.join(short)} of at least {least} bytes")
        return algorithm

    @field_validator(*KEYS)
    @classmethod
    def _hard_to_guess(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None:
            return None
        secret = key.get_secret_value()
        if len(secret.encode()) < 32:
            raise ValueError("needs at least 32 bytes")
        if len(set(secret)) < 10 or _EXAMPLE_KEY.search(secret):
            raise ValueError("is an example, or as easy to guess as one")
        for name, other in _keys(info.data).items():
            if secret == other:
                raise ValueError(f"is the same key as {name}")
        return key

    @cached_property  # each request asks for them; a model_copy() with other keys would keep these
    def accepted_keys(self) -> tuple[str, ...]:
        """The keys whose tokens are accepted, the one that signs first."""
        return tuple(_keys(vars(self)).values())

    @property
    def shown_version(self) -> str:
        """Return X.Y.Z; of which commit it was made is for those alone who develop (RELOAD)."""
        return self.version if self.reload else re.split(r"[-+]", self.version)[0]


def _keys(values: Mapping[str, Any]) -> dict[str, str]:
    # Those of the keys that are there, by the name of the variable. A validator sees the fields above its own.
    return {name.upper(): key.get_secret_value() for name in KEYS if (key := values.get(name))}


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
