# ruff: noqa: D102, D105  (the protocols in slipway/runtime/releases.py say what the methods do)
"""Releases in memory, and entries of a ledger: what deployments are tried on without an engine."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from slipway.core.errors import Problem
from slipway.deploy.ledger import Entry
from slipway.engine.containers import Container
from slipway.runtime.release import WEB, Answers, Beside, NewRelease, Pointer, Release, Remembered
from tests.slipway.deploy.images_in_memory import MemoryImages
from tests.slipway.deploy.proxy_in_memory import MemoryProxy

SETTINGS = {"LOG_FORMAT": "1", "SECRET": "2"}


def entry(release: str, image: str = "", outcome: str = "live", what: str = "deploy", **more: object) -> Entry:
    """Make an entry; releases are named a, b, c in their order."""
    image = image or f"shop:{release}"
    made = Entry(
        event=f"{what} {release}", what=what, release=release, image=image, image_id=f"sha256:{image}",
        began="2026-11-24T12:00:00+00:00", by="ann@here", outcome=outcome,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def web(release: str, status: str = "healthy", running: bool = True, image: str = "") -> Container:
    """Make a container of a release."""
    labels = {"dev.slipway.release": release, "dev.slipway.schema": "0002", "com.docker.compose.service": WEB}
    name, image = f"shop-{release}-web-1", image or f"shop:{release}"
    return Container(f"id-{release}", name, image, f"sha256:{image}", labels, running, 3, health=status)


def process(release: str, name: str, number: int = 0, image: str = "", running: bool = True) -> Container:
    """Make a container of a process beside web."""
    made = web(release, "", running, image)
    labels = {**made.labels, "com.docker.compose.service": name}
    return replace(made, id=f"id-{release}-{name}-{number}", name=f"shop-{release}-{name}-{number}", labels=labels)


def a_release(name: str, *containers: Container) -> Release:
    """Make a release of containers of `web`."""
    return Release(name, {WEB: containers or (web(name),)})


def a_bot(name: str, running: bool = True, image: str = "", **replicas: int) -> Release:
    """Make a release that has no web."""
    made = {one: tuple(process(name, one, at, image, running) for at in range(many)) for one, many in replicas.items()}
    return Release(name, made, has_web=False)


@dataclass
class MemoryReleases:
    """Releases that exist in memory alone; `done` is what was done with them, in order.

    `becomes` says how a release is once it was started (healthy, unless told); what is in `fails` raises it.
    """

    there: dict[str, Release] = field(default_factory=dict)
    pointed: Pointer = field(default_factory=Pointer)
    lines: str = ""
    configuration: str = "proxy"
    salted: str = "s"
    becomes: dict[str, str] = field(default_factory=dict)
    fails: dict[str, BaseException] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=lambda: {"LOG_FORMAT": "json"})
    same: bool = True
    defined: str = "{}"
    free: int = 0
    done: list[str] = field(default_factory=list)
    deployment: str = "shop-prod"
    previous: str = ""
    given_up: set[str] = field(default_factory=set)
    others: tuple[Beside, ...] = ()  # the images of the database and the proxy
    lost: bool = False  # the lock was taken away
    idle: bool = False  # nobody has it: who did was killed
    labels: dict[str, str] = field(default_factory=dict)  # what images say of themselves
    number: int = 0  # of containers that were made
    waited: str = ""  # who has had the lock before
    beside_web: dict[str, int] = field(default_factory=dict)  # the processes that a release has
    ended: set[str] = field(default_factory=set)  # images whose processes beside web end at once
    away: dict[str, str] = field(default_factory=dict)  # what clients get who are sent away
    logs: dict[str, str] = field(default_factory=dict)  # what was shown, by event
    counted: dict[str, list[Answers]] = field(default_factory=dict)  # by release, the next ones; the last stays

    def __post_init__(self) -> None:
        self.images = MemoryImages()
        self.proxy = MemoryProxy(self)

    def has(self, *entries: Entry, live: str = "") -> "MemoryReleases":
        """Have releases that were deployed in this order: the last, or `live`, runs, the others are kept."""
        self.lines, live = self.lines + "".join(one.line() for one in entries), live or entries[-1].release
        for one in entries:
            self.images.add(one.image)
            if one.outcome == "live":
                running = one.release == live
                container = replace(web(one.release, running=running, image=one.image), created=self._made())
                bot = a_bot(one.release, running, one.image, **one.replicas)
                self.there[one.release] = a_release(one.release, container) if one.scale else bot
        self.pointed = Pointer(live)
        return self

    def _made(self) -> str:
        self.number += 1  # by the engine's clock, which goes on with each container
        return f"2026-11-24T12:{self.number // 60:02d}:{self.number % 60:02d}.5Z"

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what in self.fails:
            raise self.fails[what]

    @contextlib.contextmanager
    def lock(self, verb: str, wait: bool = True, files: bool = True, joins: str = "") -> Iterator[str]:
        self._do("locked")
        self.idle = False
        yield self.waited
        self.done.append("unlocked")

    def all(self) -> dict[str, Release]:
        return dict(sorted(self.there.items(), key=lambda item: (item[1].made, item[0])))

    def busy(self) -> str:
        return ""

    def live(self) -> Release | None:
        return self.there.get(self.pointed.release)

    def again(self, release: str) -> Release | None:
        return self.there.get(release)

    def start(self, new: NewRelease) -> None:
        self._do(f"start {new.id}")
        status = self.becomes.get(new.image, "healthy")
        one = web(new.id, status, image=new.image)
        one = replace(one, labels={**one.labels, **self.labels}, created=self._made())
        if new.scale:
            self.there[new.id] = a_release(new.id, *[one] * new.scale)

    def resume(self, release: Release) -> None:
        self._do(f"resume {release.id}")
        if release.has_web:
            self._run(release.id, True, WEB)

    def processes(self) -> dict[str, int]:
        return self.beside_web

    def singles(self) -> list[str]:
        return ["scheduler"]

    def start_processes(self, new: NewRelease) -> None:
        self._do(f"start processes of {new.id}")
        made, created = a_bot(new.id, new.image not in self.ended, new.image, **new.replicas), self._made()
        status = self.becomes.get(new.image, "") if not new.scale else ""
        beside = {
            name: tuple(replace(one, created=created, health=status) for one in each)
            for name, each in made.services.items()
        }
        web_of = self.there[new.id].services if new.scale else {}
        self.there[new.id] = Release(new.id, {**web_of, **beside}, bool(new.scale))

    def resume_processes(self, release: Release) -> None:
        self._do(f"resume processes of {release.id}")
        self._run(release.id, True, *release.replicas)

    def retire(self, release: Release) -> None:
        self._do(f"retire {release.id}")
        self._run(release.id, False, *release.replicas)

    def is_retiring(self, release: Release) -> bool:
        return False

    def retired(self, release: Release) -> None:
        pass

    def _run(self, release: str, running: bool, *names: str) -> None:
        services = self.there[release].services
        changed = {name: tuple(replace(one, running=running) for one in services[name]) for name in names}
        self.there[release] = replace(self.there[release], services={**services, **changed})

    def renew(self, secrets: Mapping[str, str]) -> None:
        self._do("renew")
        self.renewed = dict(secrets)

    def stop(self, release: Release) -> None:
        self._do(f"stop {release.id}")
        stopped = {name: tuple(replace(one, running=False) for one in all_) for name, all_ in release.services.items()}
        self.there[release.id] = replace(release, services=stopped)

    def halt(self, release: Release) -> None:
        self.stop(release)

    def remove(self, release: Release) -> None:
        self._do(f"remove {release.id}")
        self.there.pop(release.id, None)

    def tidy(self) -> None:
        self.done.append("tidied")

    def answers(self, release: Release) -> Answers | None:
        found = self.counted.get(release.id, [])
        return found.pop(0) if len(found) > 1 else found[0] if found else None

    def log(self, release: str, lines: int) -> str:
        return f"the log of {release}"

    def variables(self) -> dict[str, str]:
        return self.given

    def volumes(self, image: str) -> tuple[str, ...]:
        return ()

    def is_defined_so(self, release: Release) -> bool:
        return self.same

    def definition(self) -> str:
        return self.defined

    def pointer(self) -> Pointer:
        return self.pointed

    def point(self, release: str) -> None:
        self._do(f"point {release}")
        self.pointed = Pointer(release)

    def switch(self, new: str, old: str, line: str) -> None:
        if new in self.given_up:
            raise Problem("The switch was given up.")
        self.previous, self.pointed = old, Pointer(new)
        self.record(line)
        self._do("switch")

    def even(self) -> None: ...
    def spread(self, release: str, check: Callable[[], None]) -> None: ...
    def back(self, by: str, any_lock: bool = False) -> str:
        if not self.previous or (any_lock and self.idle):
            return ""
        self.pointed, self.previous = Pointer(self.previous, by), ""
        self._do(f"back to {self.pointed.release}")
        return self.pointed.release

    def seal(self) -> bool:
        self._do("seal")
        there, self.previous = bool(self.previous), ""
        return there

    def fence(self, new: str) -> bool:
        self.given_up.add(new)
        return not self.lost

    def clear_marks(self) -> None:
        self.previous, self.given_up, self.pointed = "", set(), Pointer(self.pointed.release)

    def forget_rollback(self) -> None:
        self.pointed = Pointer(self.pointed.release)

    def maintenance(self) -> tuple[str, str]:
        return self.away.get("on", ""), self.configuration

    def send_away(self, files: Mapping[str, str], allowed: Sequence[str]) -> None:
        self._do(f"sent away but {allowed}" if allowed else "sent away")
        self.away = dict(files)

    def let_in(self) -> None:
        self.away = {}

    def untold(self) -> list[str]:
        return []

    def remembered(self) -> Remembered:
        noted = self.away.get("on", "")
        return Remembered(self.pointed, self.lines, self.salted, self.configuration, self.previous, noted)

    def ledger(self) -> str:
        return self.lines

    def record(self, line: str, any_lock: bool = False) -> None:
        if "record" in self.fails:
            raise self.fails["record"]
        self.lines += line

    def trim(self, lines: int) -> None:
        self.lines = "\n".join(self.lines.splitlines()[-2 * lines :]) + "\n"

    def keep_log(self, event: str, text: str, any_lock: bool = False) -> None:
        if "keep log" in self.fails:
            raise self.fails["keep log"]
        self.logs[event] = text

    def kept_log(self, event: str) -> str | None:
        return self.logs.get(event)

    def keep_salt(self, salt: str) -> None:
        self.salted = salt

    def beside(self, port: int = 0) -> tuple[Beside, ...]:
        return self.others

    def room(self) -> int:
        return self.free
