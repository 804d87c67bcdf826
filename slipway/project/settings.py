"""The settings in force: .env, made and checked, over it the environment, and secrets that are taken from elsewhere."""

import contextlib
import os
from collections.abc import Callable, Mapping
from functools import cached_property

from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.core.shell import Shell
from slipway.core.sources import FILE
from slipway.core.steps import Steps
from slipway.core.words import PORTS, SECONDS, WORKERS, in_bytes, is_whole, whole
from slipway.project import database, dotenv, edits, elsewhere, hidden, lookup, written
from slipway.project.config import Project
from slipway.project.database import Database
from slipway.project.environments import DEV, LEAST_MEMORY
from slipway.project.values import hostname, of_deployer, read, schema, sourced

# What Slipway and gunicorn.conf.py read themselves; other numbers are the service's own to check.
NUMBERS = {
    "PORT": PORTS,
    "HTTPS_PORT": PORTS,
    database.PORT: PORTS,
    "METRICS_PORT": PORTS,
    "WEB_CONCURRENCY": WORKERS,
    "BODY_IDLE_SECONDS": SECONDS[1:],
    "BODIES_PER_CLIENT": range(1, 65_536),
}
COMPOSE_NAME = "COMPOSE_PROJECT_NAME"
SIZES = ("WEB_MEMORY", "DATABASE_MEMORY", "PROXY_MEMORY")
NO_FILE = (
    "There is no .env: ./inv up makes one from .env.example; where it runs already, copy the one of who deploys it."
)


class Settings:
    """The variables of the service, as .env.example names them.

    `on_docker` tells whether the service runs in a container. Secrets that are taken from elsewhere are looked up when
    one is needed first, by `shell`, whose programs have them from then on; none are for a plan, which never `looks_up`.
    """

    def __init__(
        self, project: Project, steps: Steps, on_docker: Callable[[], bool], shell: Shell | None = None
    ) -> None:
        self.project = project
        self.steps = steps
        self.on_docker = on_docker
        self.shell = shell or Shell(project.root, steps)
        self.looks_up = True

    @cached_property
    def values(self) -> dict[str, str]:
        """The variables in force: .env, and over it the environment; without what has to be looked up elsewhere.

        Raises Problem with all findings at once.
        """
        values, findings = read(self.project)
        hidden.hide(self.project, values, self.steps.secrets)
        example = schema(self.project)
        if self.is_missing:
            raise Problem(NO_FILE)
        if example:
            findings += dotenv.check(values, example, self.project.secrets)
        findings += lookup.unfit(self.project, values) + self._check_own(values)
        if findings:
            told = [sourced(finding, example) for finding in findings]
            listed = "\n".join(f"  - {finding}" for finding in told)
            of_file = any(one in findings for one in told)
            where = [*([FILE] if of_file else []), *(["the environment"] if set(told) - set(findings) else [])]
            said = " and ".join(where)
            raise Problem(
                f"{said[:1].upper()}{said[1:]} cannot be used:\n{listed}\n"
                f"Correct it (.env.example explains each variable), then run this again.{self._made_anew(values)}"
            )
        of_others = of_deployer(self.project)
        return {name: value for name, value in values.items() if name not in of_others}

    @property
    def complete(self) -> dict[str, str]:
        """The variables in force, with the secrets that are taken from elsewhere; raises Problem."""
        return self.values | (self._found if self.looks_up else {})

    @property
    def unsought(self) -> tuple[str, ...]:
        """The names of the secrets that are left out of them."""
        return () if self.looks_up else tuple(self.project.sought)

    @cached_property
    def _found(self) -> dict[str, str]:
        found = lookup.look_up(self.project, self.shell)
        self.shell.private.update(found)
        return found

    def _made_anew(self, values: Mapping[str, str]) -> str:
        # What is said to who has copied .env.example.
        example = schema(self.project)
        secret = [name for name in self.project.secrets if example and name in example.required]
        if secret and not any(values.get(name) for name in secret):
            return " Without a .env, ./inv up makes one from .env.example, with the secrets generated."
        return ""

    @property
    def is_missing(self) -> bool:
        """Whether there is no .env, and the environment doesn't set all that one has to have."""
        example, given = schema(self.project), read(self.project)[0]
        return bool(example and example.required.keys() - given.keys()) and not self.project.settings_file.exists()

    def hide(self) -> None:
        """Let no output show what is secret of .env, also of one that is not in order, and of the environment."""
        values: dict[str, str] = {}
        with contextlib.suppress(Problem):
            values = read(self.project)[0]
        hidden.hide(self.project, values, self.steps.secrets)

    @cached_property
    def database(self) -> Database:
        """The service's database; raises Problem with all findings, or when it has none."""
        if not self.has_database:
            raise Problem(database.NO_DATABASE)
        return Database.of({database.PASSWORD: "", **self.complete})

    @property
    def secrets(self) -> dict[str, str]:
        """The values that a release gets as files."""
        return {name: value for name in self.project.secrets if (value := self.complete.get(name))}

    @property
    def own_database(self) -> bool:
        """Whether Slipway runs the database (else it is elsewhere)."""
        return self.hostname == database.OWN

    @property
    def has_database(self) -> bool:
        """Whether the service has a database at all."""
        return bool(self.hostname)

    @cached_property
    def hostname(self) -> str:
        """DATABASE_HOSTNAME, also of a .env that is not in order or not there yet."""
        return hostname(self.project)

    @cached_property
    def domain(self) -> str:
        """DOMAIN, the names under which production is reached, "" for none; also of a .env that is not in order."""
        return read(self.project)[0].get("DOMAIN", "")

    @cached_property
    def trusted_proxies(self) -> str:
        """TRUSTED_PROXIES, the networks of proxies before production's own; also of a .env that is not in order."""
        return read(self.project)[0].get("TRUSTED_PROXIES", "")

    def port_of(self, environment: str) -> int:
        """Return the port on this machine: PORT, else the project's, or 80 where releases are with a domain."""
        https = environment != DEV and self.domain and self.on_docker()
        return int(self.values.get("PORT") or (80 if https else self.project.port))

    @property
    def https_port(self) -> int:
        """The port of HTTPS, where there is a domain; also of a .env that is not in order."""
        port = read(self.project)[0].get("HTTPS_PORT", "")
        return int(port) if is_whole(port, PORTS) else 443

    def prepare(self) -> None:
        """Make .env when there is none; check it, and look up what is taken from elsewhere.

        Raises Problem with all that is wrong, before anything is started.
        """
        with self.steps.step("settings", ".env is complete") as step:
            example, target = self.project.example, self.project.settings_file
            if example and not target.exists():
                _ = self._found  # what cannot be looked up leaves no file
                text = elsewhere.left_out(example, self.project.sought, self.project.environment)
                text = dotenv.fill(text, self.project.secrets, dotenv.new_secret)
                written.create(target, text)
                of = " from .env.example" if (self.project.root / ".env.example").exists() else ""
                step.detail = f".env made{of}, its secrets generated"
                beside = target.with_name(target.name.removesuffix(f".{self.project.environment}"))
                if beside != target and beside.exists():
                    self.steps.say(f"  '{beside.name}' is development's: nothing that it sets is in .env")
            _ = self.complete
            if target.exists() and target.stat().st_mode & 0o077:
                self.steps.say("  .env can be read by other users of this machine: chmod 600 .env")

    def change(self, values: Mapping[str, str | None]) -> Callable[[], None]:
        """Write other values into .env, None for a name that goes; return what takes that back.

        They are in force from then on, and so is what the environment sets, which .env doesn't get. Raises Problem;
        .env is as it was then.
        """
        self.steps.secrets.add(*filter(None, values.values()))
        mine = {name: value for name, value in values.items() if name not in {*os.environ, *self.project.elsewhere}}
        take_back = edits.change(self.project.settings_file, mine) if mine else lambda: None
        self._forget()

        def back() -> None:
            take_back()
            self._forget()

        return back

    def _forget(self) -> None:
        for name in ("values", "database"):
            self.__dict__.pop(name, None)

    def check(self) -> None:
        """Check .env, which has to be there, and look up what is taken from elsewhere; raises Problem."""
        _ = self.complete

    def beyond(self, development: Project) -> dict[str, str]:
        """Return the variables that Compose has to be told beyond the settings file and the shell.

        Those are COMPOSE_PROJECT_NAME, as Compose reads it in .env: without one in an environment's own file, that of
        `development`, whose folder it is as well. And what the project itself says of the environment.
        """
        found: dict[str, str] = {}
        for project in (development, self.project):
            with contextlib.suppress(Problem):
                if name := read(project)[0].get(COMPOSE_NAME):
                    found[COMPOSE_NAME] = name
        with contextlib.suppress(Problem):
            values = read(self.project)[0]
            found |= {name: value for name, value in self.project.place.defaults.items() if values[name] == value}
        return {name: value for name, value in found.items() if name not in os.environ}

    @property
    def database_address(self) -> str:
        """Where the database is, also of a .env that is not in order."""
        return f"{self.hostname}:{read(self.project)[0].get(database.PORT, '')}"

    def _check_own(self, values: Mapping[str, str]) -> list[str]:
        findings = []
        for name, within in NUMBERS.items():
            value = values.get(name, "")
            if value and not is_whole(value, within):
                findings.append(f"{name} is not {whole(within)}")
        for name in SIZES:
            value = values.get(name, "")
            if value and in_bytes(value) != 0 and in_bytes(value) < LEAST_MEMORY:
                findings.append(f"{name} is not a size from 6m on, like 512m or 1g")
        if values.get(database.HOSTNAME) == database.OWN:
            findings += database.unfit(values)
        local = values.get(database.HOSTNAME) in ("localhost", LOOPBACK, "::1")
        if local and self.on_docker():
            findings.append(
                "DATABASE_HOSTNAME names this machine, which in a container is the container itself: write db for the "
                "database that Slipway runs, or the machine's own name or address"
            )
        return findings
