"""All that Slipway knows of the service: `[tool.slipway]` in pyproject.toml."""

import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from slipway.core import sources
from slipway.core.errors import Problem
from slipway.core.words import PORTS, SECONDS, WORKERS
from slipway.project import (
    canonical,
    companions,
    elsewhere,
    environments,
    health,
    idempotent,
    metadata,
    minimum,
    places,
    repository,
)
from slipway.project.environments import DEV, Place
from slipway.project.processes import KEY as PROCESSES
from slipway.project.processes import Process, check_alone, processes
from slipway.project.reading import check, read
from slipway.project.tables import (
    TABLES,
    DatabaseRules,
    Deploy,
    Hooks,
    Lint,
    ReleaseRules,
    Retention,
    Suites,
    check_rendered,
    move_after_migrate,
)
from slipway.schema import ini
from slipway.schema.statements import Limits

PASSWORD_BYTES = 12  # of the database's, at least, where [tool.slipway.secrets] doesn't say


@dataclass(frozen=True)
class Project:
    """One service, as pyproject.toml describes it.

    `health_host` is the Host header with which the health path is asked (default: the address that is asked).
    `idempotent` are methods and paths of what the proxy may send twice, also after `repeat_after` seconds without an
    answer. `wait` is how many seconds the database, and then the service, may take to be ready. An empty `migrations`
    means that there are none. `secrets` maps the name of each secret variable to the fewest bytes that it may have,
    `secrets_from` an environment's name to those that are what a program prints there, each with its command.
    `build_args` are handed to `docker build` as they are. `source` is where the code is to be found (default: that of
    `[project.urls]`). `requires_python` is `[project]`'s. `environments` has what is otherwise in one of them; with
    `require_environment`, a verb is told which one it is about. `environment` is the one that the project is seen in.

    How it lies in its folder: `pythonpath` are the folders that its modules are imported from (default: the root),
    `lock` is its lock file (default: what is found), `context` the folder that its image is built from, `dockerfile`
    the file that says how, `target` the stage of that (default: the last), `alembic` Alembic's .ini (default:
    [tool.alembic]); all relative to the project, and `context` may be above it. `copy` are the files and folders that
    its own Dockerfile leaves out of the image, and Slipway puts there. `writable` are the folders that it writes to in
    its image. `env_file` is the file that has its settings. `secrets_as` says whether it reads its secrets as files of
    /run/secrets, or in its environment. `after_migrate` is where `hooks` had theirs in earlier versions, and empty once
    it was read. `minimum_version` is the oldest Slipway that may work on it. `processes` are those of a release beside
    web. `companions` are the commands of services of the Compose files where there is no Docker.
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
    idempotent: tuple[str, ...] = ()
    repeat_after: Annotated[int, SECONDS[1:]] = 15  # a good answer takes less
    wait: Annotated[int, SECONDS[1:]] = 60
    docs: str = "/docs"
    migrations: str = ""
    registry: str = ""
    python: str = "3.13"
    variant: str = "slim"
    source: str = ""
    pythonpath: tuple[str, ...] = ()
    lock: str = ""
    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str = ""
    copy: tuple[str, ...] = ()
    alembic: str = ""
    writable: tuple[str, ...] = ()
    env_file: str = sources.FILE
    secrets_as: Literal["files", "environment"] = "files"
    after_migrate: tuple[str, ...] = ()
    minimum_version: str = ""
    secrets: dict[str, Annotated[int, range(4097)]] = field(default_factory=dict)
    secrets_from: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    build_args: dict[str, str] = field(default_factory=dict)
    tests: Suites = field(default_factory=Suites)
    database: DatabaseRules = field(default_factory=DatabaseRules)
    migrate: Limits = field(default_factory=Limits)
    backups: Retention = field(default_factory=Retention)
    lint: Lint = field(default_factory=Lint)
    deploy: Deploy = field(default_factory=Deploy)
    hooks: Hooks = field(default_factory=Hooks)
    release: ReleaseRules = field(default_factory=ReleaseRules)
    processes: dict[str, Process] = field(default_factory=dict)
    companions: dict[str, str] = field(default_factory=dict)
    require_environment: bool = False
    environments: dict[str, Place] = field(default_factory=dict)
    environment: str = DEV

    def __post_init__(self) -> None:
        """Refuse what is no Host header, a registry in which no image can be, and paths that lead elsewhere."""
        if wrong := repository.unfit(self.registry):
            raise Problem(f"pyproject.toml: [tool.slipway] registry = {self.registry!r} {wrong}")
        health.check(self.health_host)
        idempotent.check(self.idempotent)
        places.check(self.context, inside={
            "pythonpath": self.pythonpath, "copy": self.copy, "writable": self.writable, "alembic": (self.alembic,),
        }, around={"lock": self.lock, "dockerfile": self.dockerfile})  # fmt: skip
        places.check_env_file(self.env_file)
        environments.check(self.environments)
        companions.check(self.companions)
        check_alone(self.has_web, self.processes)
        elsewhere.check(self.secrets_from, self.secrets, dict.fromkeys([DEV, environments.PROD, *self.environments]))
        check_rendered(self.database.rendered, self.secrets, self.tests.env)

    @property
    def has_web(self) -> bool:
        """Whether a release has something that clients are led to; `asgi` is "" where it has not."""
        return bool(self.asgi)

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
    def settings_file(self) -> Path:
        """The file that has its settings: .env, unless env_file names another one; of an environment, its own."""
        return self.root / self.env_file

    @property
    def place(self) -> Place:
        """What it has otherwise in this environment."""
        return Place() if os.environ.get(environments.APART) else self.environments.get(self.environment, Place())

    @property
    def elsewhere(self) -> dict[str, tuple[str, ...]]:
        """The secrets that are taken from elsewhere in this environment, each with its command."""
        return {} if os.environ.get(environments.APART) else self.secrets_from.get(self.environment, {})

    @property
    def sought(self) -> dict[str, tuple[str, ...]]:
        """Those of them that have to be looked up: the environment counts before."""
        return {name: argv for name, argv in self.elsewhere.items() if name not in os.environ}

    @property
    def own_file(self) -> str:
        """The name of the environment's own file of settings, which another one may stand in for."""
        base = self.env_file.removesuffix(f".{self.environment}")
        return base if self.environment == DEV else f"{base}.{self.environment}"

    def within(self, environment: str, env_file: str = "") -> "Project":
        """Return the project as it is in an environment, with this file of settings (default: the environment's own).

        That is .env in development, and elsewhere .env.prod, say.
        """
        own = self.env_file if environment == DEV else f"{self.env_file}.{environment}"
        seen = replace(self, environment=environment, env_file=env_file or own)
        return replace(seen, deploy=seen.place.deploy(self.deploy))

    @property
    def example(self) -> str:
        """The text of .env.example, with what it lacks of Slipway's own variables; "" when it would have none."""
        path = self.root / ".env.example"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return canonical.completed(text, self.name, bool(self.database.rendered))


def load(root: Path) -> Project:
    """Read the project in the folder `root`.

    Raises Problem when pyproject.toml is missing or cannot be parsed, when it wants a newer Slipway, or when
    `[tool.slipway]` has an unknown key or a value that is none of those it may have.
    """
    path = root / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(f"There is no pyproject.toml in {root}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(f"pyproject.toml cannot be read: {error}") from None
    about = metadata.of(document)
    table = check(document.get("tool", {}).get("slipway", {}), Project, "[tool] slipway")
    if said := minimum.unfit(table.get(minimum.KEY)):
        raise Problem(said)
    name = table.get("name", about.get("name"))
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", name):
        raise Problem(
            f"[tool.slipway] name = {name!r} cannot name an image: lower-case letters, digits and single . _ - only."
        )
    if not isinstance(about.get("version"), str):
        raise Problem('pyproject.toml has no version: add version = "0.1.0" to [project].')
    defaults: dict[str, Any] = {
        "migrations": _migrations(root, str(table.get("alembic") or "")),
        "source": metadata.source(about.get("urls", {})),
        "requires_python": str(about.get("requires-python", "")),
    }
    values = defaults | read({key: one for key, one in table.items() if key != PROCESSES}, Project, "tool.slipway")
    values[PROCESSES] = processes(table.get(PROCESSES, {}))
    move_after_migrate(values)
    for key, of in TABLES.items():
        if key in values:
            values[key] = of(**read(values[key], of, f"tool.slipway.{key}"))
    for key, place in values.get("environments", {}).items():
        values["environments"][key] = Place(**read(place, Place, f"tool.slipway.environments.{key}"))
    if "database" in values and values["database"].rendered:  # all that is rendered is made of it
        values["secrets"] = {"DATABASE_PASSWORD": PASSWORD_BYTES, **values.get("secrets", {})}
    return Project(root=root, version=about["version"], **values | {"name": name})


def _migrations(root: Path, named: str) -> str:
    # The folder of env.py.
    if not named or places.is_above(named):  # which is refused in a moment
        return "" if named else "alembic" if (root / "alembic").is_dir() else ""
    where = f"pyproject.toml: [tool.slipway] alembic = {named!r}"
    try:
        _, folder = ini.scripts(root / named, root)
    except ini.Unfit as unfit:
        raise Problem(f"{where}: {unfit}.") from None
    if not folder.resolve().is_relative_to(root.resolve()):
        raise Problem(f"{where}: its script_location leads out of the project.")
    return str(folder.resolve().relative_to(root.resolve()))
