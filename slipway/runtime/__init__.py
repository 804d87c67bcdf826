"""Where the service runs: the interface of a runtime.

Schema, backups and psql are written once, above it, as jobs. `compose` and `host` are runtimes that start the service
in place; `slipway.deploy.compose` is one whose releases replace each other without a pause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, NoReturn, Protocol

from slipway.core.shell import Ran
from slipway.engine.jobs import LATE as LATE  # the status of a job that was given up
from slipway.project.settings import Settings
from slipway.runtime.beside import DatabaseServer, LastingCompanions
from slipway.runtime.beside import LastingDatabase as LastingDatabase
from slipway.runtime.predecessor import Predecessor
from slipway.runtime.releases import Releases

STAYS = "./inv down stops it, and its data stays"  # of a database that is not the service's any more
SERVICE_PYTHON = "python"  # the service's interpreter, as a job names it


class Where(Enum):
    """Where a job runs."""

    SERVICE = "where the service's code and variables are"
    DATABASE = "where PostgreSQL's programs are, in the folder of the backups"
    SUPERUSER = "where the superuser of the PostgreSQL that Slipway runs can log in, and does"


@dataclass(frozen=True)
class Job:
    """A command that is run once and ends.

    `env` is laid over the variables of the service, or over those that PostgreSQL's programs read. It reads `stdin`,
    and writes to `stdout`; one of the superuser's reads what is `given`, which may be secret. What a job `for_caller`
    writes into the project's folder is the caller's own. One that is `quick` is given up, with the status LATE, when it
    is not over soon: it may have come to its end or not. One of the service's that has not ended after its `seconds` is
    ended, with that status as well.
    """

    argv: Sequence[str]
    where: Where = Where.SERVICE
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    given: str | None = field(default=None, repr=False)
    for_caller: bool = False
    quick: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class State:
    """How a part of an environment is, in a word, and what else there is to say of it."""

    state: str
    details: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {"state": self.state, **self.details}


def elsewhere(settings: Settings) -> State:
    """Return the state of a database that Slipway doesn't run."""
    return State("elsewhere", {"address": settings.database_address}) if settings.has_database else State("none")


@dataclass(frozen=True)
class LiveRelease:
    """A release that runs: its name, the newest revisions that it knows, and the version released before it.

    Each of the last two is "" when it doesn't say.
    """

    name: str
    heads: str
    previous: str = ""

    @property
    def argument(self) -> str:
        """The release, as slipway.schema is told of it."""
        return f"{self.name}={self.heads}"


class Service(Protocol):
    """The service on a runtime."""

    @property
    def release(self) -> str:
        """What this tree is, or would be, started as."""

    def running(self) -> str:
        """Return what runs, "" for nothing."""

    def version(self) -> str:
        """Return the version of what runs, as when it was made: X.Y.Z, or one of development; "" for nothing."""

    def port(self) -> int | None:
        """Return the port of what runs, or None."""

    def is_current(self, port: int) -> bool:
        """Tell whether what runs is ready, and what would be started."""

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port."""

    def live(self) -> list[LiveRelease]:
        """Return the releases that run."""

    def prepare(self) -> None:
        """Have what is started at hand: the image, say; raises Problem."""

    def is_prepared(self) -> bool:
        """Tell whether that is at hand already; raises Problem."""

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the log, or that of a process beside the service; raises Problem when there is none."""

    def shell(self) -> NoReturn:
        """Open a shell; raises Problem when there is nowhere to."""


class Runtime(Protocol):
    """Where an environment runs.

    `to_replace` ends the sentence "To replace it". `backups` says where they are. `releases` is None where the service
    is started in place, with a pause.
    """

    name: str
    to_replace: str

    @property
    def no_copies(self) -> str:
        """Why backups are neither copied to this machine nor taken from it, "" where they are."""

    @property
    def service(self) -> Service:
        """The service."""

    @property
    def database(self) -> DatabaseServer:
        """Its database."""

    @property
    def releases(self) -> Releases | None:
        """Its releases, where they replace each other."""

    @property
    def backups(self) -> str:
        """Where the backups are; `inv down --volumes` leaves them alone."""

    def run(self, job: Job) -> Ran:
        """Run a job; its errors are shown as they come, its output is returned unless it has a `stdout`."""

    def become(self, job: Job) -> NoReturn:
        """Let a job take this process's place, terminal included; raises Problem."""

    def launch(self, argv: Sequence[str], tag: str, detached: bool) -> str:
        """Become a command beside the service, or start it in the background and return its name; raises Problem."""

    def use_programs(self, major: int) -> str:
        """Let jobs beside the database have PostgreSQL's programs of this major version, or of a newer one.

        Returns "", or how to have some, when there are none here.
        """

    def stop(self, volumes: bool) -> None:
        """Stop everything; delete the data if told to."""

    def volumes(self) -> list[str]:
        """Name the data that `stop(volumes=True)` deletes."""

    def kept(self) -> list[str]:
        """Name what has the backups, which `stop(volumes=True)` leaves; nothing where there is none."""

    def listing(self) -> list[tuple[str, ...]]:
        """Return what runs as rows, the first their heads; another program may print it in this one's place."""

    def status(self) -> dict[str, State]:
        """Return the state of each part."""

    def url(self, port: int) -> str:
        """Return the address of the service, which has this port unless it has a domain."""


class InPlace(Runtime, Protocol):
    """A runtime whose service is started in place of the one that runs."""

    def check(self, port: int) -> None:
        """Have its definition read; raises Problem for what no service can be started of."""

    def accompany(self, port: int) -> None:
        """Start what stands beside the service, and is there before the database is migrated; raises Problem."""

    def start(self, port: int) -> None:
        """Start the service; ready when this returns. Raises Problem with the end of its log."""

    def resume(self) -> bool:
        """Start the processes beside a service that is up which have ended; return whether there were any."""


class Deployment(Runtime, Protocol):
    """A runtime whose releases replace each other without a pause."""

    pulls: bool  # whether its engines pull images: what no registry has, cannot be deployed

    @property
    def database(self) -> LastingDatabase:
        """Its database."""

    @property
    def releases(self) -> Releases:
        """Its releases."""

    @property
    def companions(self) -> LastingCompanions:
        """What stands beside releases and database."""

    def use(self, image: str) -> None:
        """Let jobs run in this image."""

    def hand_out(self, image: str) -> None:
        """Have an image wherever it may run; raises Problem with who cannot pull it."""

    def before(self) -> Predecessor | None:
        """Return what runs of it with another runtime, whose place it would take; None for nothing."""

    def check(self, port: int) -> None:
        """Have its definition read; raises Problem."""
