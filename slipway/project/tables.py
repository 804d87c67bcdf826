"""The tables of [tool.slipway]: what each of its keys may be, and means when it is left out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from slipway import entrypoint
from slipway.core.errors import Problem
from slipway.core.secrecy import has_login
from slipway.core.words import SECONDS
from slipway.project import database
from slipway.project.processes import check_command
from slipway.project.reading import CAPITALS
from slipway.schema.statements import Limits

# A number says which values are taken: whoever reads it relies on that.
Count = Annotated[int, range(1001)]
AtLeastOne = Annotated[int, range(1, 1001)]
Seconds = Annotated[int, SECONDS]

ENDPOINT = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~/%-]*)?")


@dataclass(frozen=True)
class Suites:
    """Which tests run where; paths relative to the project.

    Those of `http` know the service by its address alone, BASE_URL. `workers` is how many processes of pytest-xdist
    `inv test` has; 0 and 1 do without it. With `migrate`, the migrations are applied to the tests' database before
    they run. `extras` are further groups and extras of the lock that the tests need, `env` variables of theirs.
    """

    host: tuple[str, ...] = ("tests",)
    image: tuple[str, ...] = ("tests",)
    http: tuple[str, ...] = ()
    e2e: tuple[str, ...] = ("tests/e2e",)
    workers: Annotated[str, "auto", range(257)] = "auto"
    migrate: bool = False
    extras: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no name of a variable, and what Slipway says itself."""
        for name in self.env:
            if not entrypoint.VARIABLE.fullmatch(name):
                raise Problem(f"pyproject.toml: [tool.slipway.tests] env has {name!r}, which is no name of a variable.")
            if name in database.NAMES:
                raise Problem(
                    f"pyproject.toml: [tool.slipway.tests] env has {name}, which names the tests' own database: leave "
                    "it out."
                )


@dataclass(frozen=True)
class Retention:
    """Which backups are kept: the last ones, and the last one of so many days and weeks that have one."""

    keep_last: AtLeastOne = 10  # none would remove the one that was just made
    keep_daily: Count = 7
    keep_weekly: Count = 4


@dataclass(frozen=True)
class Lint:
    """Which revisions `inv check` looks at: those after this one (default: all)."""

    after: str = ""


@dataclass(frozen=True)
class Deploy:
    """How `inv deploy` goes about it.

    A new release has to be up for `settle` seconds before it is switched to. It is then watched for `bake` seconds: if
    more than `errors` percent of the requests, at least 3, and twice the share of before fail, or if it restarts,
    runs out of memory or is unhealthy, the old release is restored. The old one has `drain` seconds after the switch to
    finish what it is at. `smoke` are the paths that have to answer before
    (default: the health path). `keep` earlier releases can be rolled back to. `otlp` is where what was shown is sent
    as logs, as OTLP over HTTP.
    """

    settle: Seconds = 5
    bake: Seconds = 30
    errors: Annotated[int, range(101)] = 2
    drain: Seconds = 30
    keep: AtLeastOne = 3
    smoke: tuple[str, ...] = ()
    otlp: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no address to send to."""
        if self.otlp and not ENDPOINT.fullmatch(self.otlp):
            shown = "'...'" if has_login(self.otlp) else repr(self.otlp)
            raise Problem(
                f"pyproject.toml: [tool.slipway.deploy] otlp = {shown} should be an address like "
                '"https://otlp.example.com", to which /v1/logs is added. A key for it: OTEL_EXPORTER_OTLP_HEADERS.'
            )


@dataclass(frozen=True)
class Hooks:
    """Commands of the project's that a deployment runs.

    Those of `after_migrate` run in the service's environment, once migrations were applied. The others run on the
    machine that deploys, each for at most `timeout` seconds; `secrets` are the variables that they get of those that
    are kept from them otherwise.
    """

    after_migrate: tuple[str, ...] = ()
    before_deploy: tuple[str, ...] = ()
    after_deploy: tuple[str, ...] = ()
    after_failure: tuple[str, ...] = ()
    after_rollback: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    timeout: Annotated[int, SECONDS[1:]] = 60

    def __post_init__(self) -> None:
        """Refuse what is no command, and no name of a variable."""
        for key in ("after_migrate", "before_deploy", "after_deploy", "after_failure", "after_rollback"):
            check_commands(getattr(self, key), f"[tool.slipway.hooks] {key.replace('_', '-')}")
        for name in self.secrets:
            if not entrypoint.VARIABLE.fullmatch(name):  # somebody may take it for the place of the secret itself
                raise Problem(
                    "pyproject.toml: [tool.slipway.hooks] secrets has what is no name of a variable. It has their "
                    "names; .env or the environment has their values."
                )


@dataclass(frozen=True)
class DatabaseRules:
    """What the PostgreSQL that Slipway runs has to have.

    The superuser makes the `extensions` that the service's role may not make, before migrations and restores.
    `rendered` are the keys in capitals: what the service calls the database, as templates of slipway.entrypoint.
    """

    extensions: tuple[str, ...] = ()
    rendered: dict[str, str] = field(default_factory=dict, metadata=CAPITALS)

    def __post_init__(self) -> None:
        """Refuse what is no name of an extension, and what cannot be rendered."""
        for name, template in self.rendered.items():
            where = f"pyproject.toml: [tool.slipway.database] {name}"
            if wrong := entrypoint.mistake(template):
                raise Problem(f"{where} {wrong}.")
            if name in database.NAMES and template != _itself(name):
                raise Problem(f"{where} is what the others are made of, and stays as .env has it: leave it out.")
        for name in self.extensions:
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise Problem(f"pyproject.toml: [tool.slipway.database] extensions has {name!r}, which names none.")


@dataclass(frozen=True)
class ReleaseRules:
    """How `inv release` goes about it, and what `inv deploy` asks of an image.

    Releases are made of `branch` alone (default: of any). `lint` and `types` are the commands that have to succeed.
    `key` is the file of the public key by which images have to be signed (default: by none). `advisories` are those
    that do no harm here, each with its reason.
    """

    branch: str = ""
    lint: tuple[str, ...] = ("ruff check .", "ruff format --check .")
    types: tuple[str, ...] = ("mypy",)
    key: str = ""
    advisories: dict[str, str] = field(default_factory=dict)


TABLES: dict[str, Any] = {
    "tests": Suites,
    "database": DatabaseRules,
    "migrate": Limits,
    "backups": Retention,
    "lint": Lint,
    "deploy": Deploy,
    "hooks": Hooks,
    "release": ReleaseRules,
}


def check_commands(commands: Sequence[str], key: str) -> None:
    """Refuse what is no command of a key; raises Problem."""
    for line in commands:
        check_command(line, f"pyproject.toml: {key} has {line!r}")


def move_after_migrate(values: dict[str, Any]) -> None:
    """Take it from where earlier versions had it into the table of the hooks; raises Problem where both have it."""
    if "after_migrate" in values:
        if "after-migrate" in values.get("hooks", {}):
            raise Problem(
                "pyproject.toml: after-migrate is in [tool.slipway.hooks], and in [tool.slipway], where earlier "
                "versions had it: delete the latter."
            )
        check_commands(values["after_migrate"], "[tool.slipway] after-migrate")
        values["hooks"] = values.get("hooks", {}) | {"after-migrate": list(values.pop("after_migrate"))}


def check_rendered(rendered: Mapping[str, str], secrets: Mapping[str, int], tests: Mapping[str, str]) -> None:
    """Refuse a rendered variable that gets its value elsewhere as well; raises Problem."""
    for name in rendered:
        for others, table in ((secrets, "[tool.slipway.secrets]"), (tests, "[tool.slipway.tests] env")):
            if name in others and name not in database.NAMES:
                raise Problem(
                    f"pyproject.toml: {name} is in [tool.slipway.database], which makes it of DATABASE_*, and in "
                    f"{table}: leave it out of one."
                )


def _itself(name: str) -> str:
    return next((f"{{{place}}}" for place, (of, _) in entrypoint.PLACES.items() if of == name), "")
