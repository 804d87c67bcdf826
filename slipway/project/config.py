"""All that Slipway knows of the service: `[tool.slipway]` in pyproject.toml."""

import difflib
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from slipway.core.errors import Problem
from slipway.core.words import PORTS, SECONDS, WORKERS, whole
from slipway.project import repository
from slipway.schema.statements import Limits

# A number says which values are taken: whoever reads it relies on that.
Count = Annotated[int, range(1001)]
AtLeastOne = Annotated[int, range(1, 1001)]
Seconds = Annotated[int, SECONDS]

OUTSIDE = ("root", "version", "requires_python")  # of a Project, not in [tool.slipway]


@dataclass(frozen=True)
class Suites:
    """Which tests run where; paths relative to the project.

    Those of `http` know the service by its address alone, BASE_URL.
    """

    host: tuple[str, ...] = ("tests",)
    image: tuple[str, ...] = ("tests",)
    http: tuple[str, ...] = ()
    e2e: tuple[str, ...] = ("tests/e2e",)


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
    (default: the health path). `keep` earlier releases can be rolled back to.
    """

    settle: Seconds = 5
    bake: Seconds = 30
    errors: Annotated[int, range(101)] = 2
    drain: Seconds = 30
    keep: AtLeastOne = 3
    smoke: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatabaseRules:
    """What the PostgreSQL that Slipway runs has to have.

    The superuser makes the `extensions` that the service's role may not make, before migrations and restores.
    """

    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no name of an extension."""
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
    "release": ReleaseRules,
}


@dataclass(frozen=True)
class Project:
    """One service, as pyproject.toml describes it.

    `health_host` is the Host header with which the health path is asked (default: the address that is asked). `wait` is
    how many seconds the database, and then the service, may take to be ready. An empty `migrations` means that there
    are none. `secrets` maps the name of each secret variable to the fewest bytes that it may have.
    `build_args` are handed to `docker build` as they are. `source` is where the code is to be found (default: that of
    `[project.urls]`). `requires_python` is `[project]`'s.
    """

    root: Path
    name: str
    version: str
    requires_python: str = ""
    asgi: str = "app.main:app"
    port: Annotated[int, PORTS] = 8000
    workers: Annotated[int, WORKERS] = 4
    health: str = "/"
    health_host: str = ""
    wait: Annotated[int, SECONDS[1:]] = 60
    docs: str = "/docs"
    migrations: str = ""
    registry: str = ""
    python: str = "3.13"
    variant: str = "slim"
    source: str = ""
    secrets: dict[str, Annotated[int, range(4097)]] = field(default_factory=dict)
    build_args: dict[str, str] = field(default_factory=dict)
    tests: Suites = field(default_factory=Suites)
    database: DatabaseRules = field(default_factory=DatabaseRules)
    migrate: Limits = field(default_factory=Limits)
    backups: Retention = field(default_factory=Retention)
    lint: Lint = field(default_factory=Lint)
    deploy: Deploy = field(default_factory=Deploy)
    release: ReleaseRules = field(default_factory=ReleaseRules)

    def __post_init__(self) -> None:
        """Refuse what is no Host header, and a registry in which no image can be."""
        if wrong := repository.unfit(self.registry):
            raise Problem(f"pyproject.toml: [tool.slipway] registry = {self.registry!r} {wrong}")
        if not re.fullmatch(r"[A-Za-z0-9._:\[\]-]*", self.health_host):
            raise Problem(f"pyproject.toml: [tool.slipway] health-host = {self.health_host!r} names no host.")

    @property
    def image(self) -> str:
        """The image's repository, without a registry."""
        return self.name

    @property
    def repository(self) -> str:
        """The image's repository in the registry, "" when there is no registry."""
        return f"{self.registry}/{self.image}" if self.registry else ""

    @property
    def state(self) -> Path:
        """The folder of everything that a run leaves behind."""
        return self.root / ".slipway"

    @property
    def example(self) -> str:
        """The text of .env.example, "" when there is none."""
        path = self.root / ".env.example"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def load(root: Path) -> Project:
    """Read the project in the folder `root`.

    Raises Problem when pyproject.toml is missing or cannot be parsed, or when `[tool.slipway]` has an unknown key or
    a value that is none of those it may have.
    """
    path = root / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(f"There is no pyproject.toml in {root}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(f"pyproject.toml cannot be read: {error}") from None
    metadata = document.get("project", {})
    table = _check(document.get("tool", {}).get("slipway", {}), Project, "[tool] slipway")
    name = table.get("name", metadata.get("name"))
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", name):
        raise Problem(
            f"[tool.slipway] name = {name!r} cannot name an image: lower-case letters, digits and single . _ - only."
        )
    if not isinstance(metadata.get("version"), str):
        raise Problem('pyproject.toml has no version: add version = "0.1.0" to [project].')
    defaults: dict[str, Any] = {
        "migrations": "alembic" if (root / "alembic").is_dir() else "",
        "source": _source(metadata.get("urls", {})),
        "requires_python": str(metadata.get("requires-python", "")),
    }
    values = defaults | _read(table, Project, "tool.slipway")
    for key, of in TABLES.items():
        if key in values:
            values[key] = of(**_read(values[key], of, f"tool.slipway.{key}"))
    return Project(root=root, version=metadata["version"], **values | {"name": name})


def _source(urls: dict[str, str]) -> str:
    # https://packaging.python.org/en/latest/specifications/well-known-project-urls/
    plain = {re.sub(r"[^a-z]", "", label.lower()): url for label, url in urls.items()}
    return next((plain[label] for label in ("source", "repository", "sourcecode", "github") if label in plain), "")


def _read(table: dict[str, Any], into: type, where: str) -> dict[str, Any]:
    known = {f.name.replace("_", "-"): f for f in fields(into) if f.name not in OUTSIDE}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}."
            raise Problem(f"pyproject.toml: [{where}] has no key {key!r}: {hint}")
        values[known[key].name] = _check(value, known[key].type, f"[{where}] {key}")
    return values


def _check(value: Any, expected: Any, where: str) -> Any:
    form, inner, wanted = get_origin(expected), get_args(expected), "a table"
    if form is Annotated:
        wanted = whole(inner[1])
        if type(value) is int and value in inner[1]:  # True is an int as well
            return value
    elif form is tuple:
        wanted = "a list of strings"
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif expected is str:
        wanted = "a string"
        if isinstance(value, str):
            return value
    elif isinstance(value, dict):
        return {key: _check(one, inner[1], f"{where}.{key}") for key, one in value.items()} if form is dict else value
    # Somebody may take the table for the place of the secrets themselves.
    shown = "'...'" if where.startswith("[tool.slipway] secrets") and isinstance(value, str) else repr(value)
    raise Problem(f"pyproject.toml: {where} = {shown} should be {wanted}.")
