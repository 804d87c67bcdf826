# ruff: noqa: D102  (the protocols in slipway/runtime/ say what the methods do)
"""A deployment of releases in memory: what `inv deploy` and `inv rollback` are tried on without an engine."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from slipway.project.settings import Settings
from slipway.runtime import Job, LiveRelease, State
from slipway.runtime.beside import Companions, LeftBehind
from slipway.runtime.environment import Environment
from slipway.runtime.predecessor import Predecessor
from slipway.runtime.release import Release
from tests.slipway.deploy.support import MemoryReleases

PYPROJECT = '[project]\nname = "shop"\nversion = "1.0.0"\n[tool.slipway]\nwait = 1\n[tool.slipway.deploy]\nsettle = 0\n'


class NeverError(Exception):
    """What only verbs call that leave this process."""


@dataclass
class MemoryService:
    """A service whose image is this tree's; ports that are `taken` are another program's."""

    release: str = "shop:tree"
    taken: set[int] = field(default_factory=set)

    def running(self) -> str:
        return ""

    def version(self) -> str:
        return ""

    def port(self) -> int | None:
        return None

    def is_current(self, port: int) -> bool:
        return False

    def check_port(self, port: int) -> None:
        if port in self.taken:
            raise Problem(f"port {port} is taken")

    def live(self) -> list[LiveRelease]:
        return []

    def prepare(self) -> None:
        raise NeverError

    def is_prepared(self) -> bool:
        raise NeverError

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        raise NeverError

    def shell(self) -> NoReturn:
        raise NeverError


@dataclass
class MemoryDatabase:
    """A database that runs once it was started."""

    is_up: bool = True
    outdated: bool = False
    left: LeftBehind | None = None

    def running(self) -> bool:
        return self.is_up

    def start(self) -> None:
        self.is_up = True

    def clients(self, releases: Iterable[Release]) -> list[str]:
        return [at for one in releases for at in one.connects_from]

    def left_behind(self) -> LeftBehind | None:
        return self.left

    def is_outdated(self, port: int) -> bool:
        return self.outdated

    def away(self) -> str:
        return "" if self.is_up else "it is away: start it"

    def recreate(self) -> None:
        self.is_up, self.outdated = True, False


@dataclass
class MemoryCompanions:
    """Companions that run once they were started, into `done`; those that are `outdated` stay so until made anew."""

    names: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    done: list[str] = field(default_factory=list)

    def look(self, port: int, anew: Sequence[str]) -> Companions:
        return Companions(self.names, self.absent, self.outdated, tuple(anew))

    def start(self, found: Companions, port: int, late: bool) -> None:
        if not late:
            self.done += found.coming
            self.absent, self.outdated = (), tuple(one for one in found.outdated if one not in found.anew)


@dataclass
class MemoryDeployment:
    """A deployment whose jobs have these answers, each from the image that is used; None for one that fails."""

    releases: MemoryReleases
    answers: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    service: MemoryService = field(default_factory=MemoryService)
    database: MemoryDatabase = field(default_factory=MemoryDatabase)
    companions: MemoryCompanions = field(default_factory=MemoryCompanions)
    name: str = "docker"
    to_replace: str = ": ./inv deploy"
    no_copies: str = ""
    backups: str = "nowhere"
    pulls: bool = False
    predecessor: Predecessor | None = None

    def use(self, image: str) -> None:
        self.asked.append(image)

    def hand_out(self, image: str) -> None: ...

    def before(self) -> Predecessor | None:
        return self.predecessor

    def check(self, port: int) -> None:
        pass

    def run(self, job: Job) -> Ran:
        answer = self.answers.get(self.asked[-1])
        return Ran(0, json.dumps(answer)) if answer else Ran(1, "")

    def become(self, job: Job) -> NoReturn:
        raise NeverError

    def launch(self, argv: Sequence[str], tag: str, detached: bool) -> str:
        raise NeverError

    def use_programs(self, major: int) -> str:
        raise NeverError

    def stop(self, volumes: bool) -> None:
        raise NeverError

    def volumes(self) -> list[str]:
        raise NeverError

    def kept(self) -> list[str]:
        raise NeverError

    def listing(self) -> list[tuple[str, ...]]:
        raise NeverError

    def status(self) -> dict[str, State]:
        raise NeverError

    def url(self, port: int) -> str:
        return f"http://localhost:{port}"


class OneDatabase(MemoryDeployment):
    """A deployment whose database does what is asked, into `releases.done`, unless it `refuses` that."""

    refuses: tuple[str, ...] = ()
    known = "other"
    role = "done"

    def run(self, job: Job) -> Ran:
        """Note what is asked, and answer."""
        what = job.argv[4]
        self.releases.done.append(" ".join([what, *job.argv[6:8]]) if what == "admit" else what)
        if what in self.refuses:
            return Ran(1)
        return Ran(0, {"check": self.known, "state": self.role}.get(what, ""))


def shop(root: Path) -> tuple[Checkout, Environment]:
    """Make a project in a folder, without a database of its own; and its production."""
    (root / "pyproject.toml").write_text(PYPROJECT)
    checkout = Checkout.at(root, Steps())
    settings = Settings(checkout.project, checkout.steps, lambda: True)
    return checkout, Environment("prod", root / ".slipway/prod", settings)
