"""A release: what there is of it, and what is known of its clients.

It is known by its id. Its services have their Compose names: `web` is what clients are led to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from slipway.engine.containers import WEB as WEB
from slipway.engine.containers import Container
from slipway.engine.health import Verdict, together
from slipway.project import labels

DATABASE, PROXY = "database", "proxy"  # what runs beside the releases
SERVICES = (WEB,)  # what is started in development; a release has those of compose.release.yaml


@dataclass(frozen=True)
class Release:
    """A release that has containers: those of each of its services, by Compose name; `web` unless it has none."""

    id: str
    services: Mapping[str, tuple[Container, ...]]
    has_web: bool = True

    @property
    def web(self) -> tuple[Container, ...]:
        """The containers that clients are led to."""
        return self.services.get(WEB, ())

    @property
    def containers(self) -> tuple[Container, ...]:
        """All of its containers."""
        return tuple(one for each in self.services.values() for one in each)

    @property
    def processes(self) -> tuple[Container, ...]:
        """Its other containers: workers and the like, which nobody is led to."""
        return tuple(one for one in self.containers if one.service != WEB)

    @property
    def bare(self) -> "Release":
        """Its web alone: of a release that is gone back to, the others run later."""
        return replace(self, services={WEB: self.web})

    @property
    def replicas(self) -> dict[str, int]:
        """How many containers each of its services beside `web` has."""
        return {name: len(each) for name, each in sorted(self.services.items()) if name != WEB}

    @property
    def _first(self) -> Container:
        # All of them are of one image; what is left of a release may be without `web`.
        return (self.web or self.containers)[0]

    @property
    def host(self) -> str:
        """The name under which the proxy finds it."""
        return host(self.id)

    @property
    def title(self) -> str:
        """What people know it by."""
        return self.host if self.has_web else self.id

    @property
    def image(self) -> str:
        """What it was started from."""
        return self._first.image

    @property
    def image_id(self) -> str:
        """The image's id."""
        return self._first.image_id

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels, the image's own included."""
        return self._first.labels

    @property
    def made(self) -> datetime:
        """When the first of its containers was made, by the engine's clock."""
        return min(one.made for one in self.containers)

    @property
    def schema(self) -> str:
        """The newest revisions that it knows, "" when it doesn't say."""
        return self.labels.get(labels.SCHEMA, "")

    @property
    def names(self) -> list[str]:
        """The containers' names."""
        return [one.name for one in self.containers]

    @property
    def graces(self) -> list[int | None]:
        """The seconds that each container has to stop, None for the engine's own."""
        return [one.grace for one in self.containers]

    @property
    def scale(self) -> int:
        """How many containers clients are led to."""
        return len(self.web)

    @property
    def running(self) -> bool:
        """Whether clients could be led to any of it; without web, whether any of it is at work."""
        return any(one.running for one in (self.web if self.has_web else self.containers))

    @property
    def at_work(self) -> bool:
        """Whether anything of it runs."""
        return any(one.running for one in self.containers)

    @property
    def ready(self) -> bool:
        """Whether all of it is ready."""
        return all(one.ready for one in self.containers)

    @property
    def connects_from(self) -> list[str]:
        """Where its containers that run connect from: networks of one address each."""
        running = [one for one in self.containers if one.running]
        of_four = [f"{address}/32" for one in running for address in one.addresses]
        return [*of_four, *(f"{address}/128" for one in running for address in one.more_addresses)]

    def shows(self, secret: str) -> bool:
        """Tell whether a variable of a container has this secret in it: nothing can change that any more."""
        return any(secret in variable for one in self.containers for variable in one.env)

    def verdict(self, waits: bool = False) -> Verdict:
        """Judge it after its start; where it still `waits` for another release's, the health of a single one is none.

        One that waits for a lock is up, and cannot be well yet.
        """
        return together([_judged(one, waits) for one in self.containers])


def _judged(one: Container, waits: bool) -> Verdict:
    found = (replace(one, health="") if waits and labels.SINGLE in one.labels else one).verdict()
    named = f"has a {one.service} that {found.wrong}" if found.wrong and one.service != WEB else found.wrong
    return replace(found, wrong=named)


def host(release: str) -> str:
    """Return the name under which the proxy finds a release."""
    return f"{WEB}-{release}"


def of_host(name: str) -> str:
    """Return the release that has this name, "" for none."""
    return name.removeprefix(f"{WEB}-")


@dataclass(frozen=True)
class NewRelease:
    """A release to be started: its image, that image's user, and how many containers of `web`, 0 without web.

    `replicas` is how many of each of its processes beside that; `bake` are the seconds for which it is watched.
    """

    id: str
    image: str
    user: str
    scale: int = 1
    replicas: Mapping[str, int] = field(default_factory=dict)
    bake: float = 0


@dataclass(frozen=True)
class Pointer:
    """Which release clients are led to, and who has gone back to it meanwhile ("" for nobody)."""

    release: str = ""
    by: str = ""


@dataclass(frozen=True)
class Remembered:
    """What a deployment remembers: whom clients are led to, the lines of its ledger, what settings are hashed with
    ("" when there is nothing yet), and the proxy's configuration. `previous` is the release that one can go back to at
    once, as it still runs beside the live one; "" for none. `maintenance` is what is noted while clients are sent away.
    """

    pointer: Pointer
    ledger: str = ""
    salt: str = ""
    configuration: str = ""
    previous: str = ""
    maintenance: str = ""


@dataclass(frozen=True)
class Answers:
    """How many answers clients got, how many failed, and how many more were 503: too much to do.

    A worker that died is a failure without an answer.
    """

    all: int = 0
    failed: int = 0
    busy: int = 0

    @property
    def share(self) -> float:
        """The share of the failures."""
        return self.failed / max(self.all, self.failed, 1)

    def __add__(self, more: "Answers") -> "Answers":
        """Return both together."""
        return Answers(self.all + more.all, self.failed + more.failed, self.busy + more.busy)

    def since(self, before: "Answers") -> "Answers":
        """Return those after an earlier count; all of them when it was begun anew."""
        if self.all < before.all:
            return self
        return Answers(self.all - before.all, self.failed - before.failed, self.busy - before.busy)


@dataclass(frozen=True)
class Look:
    """What clients got so far, and whom they are led to; the pointer is empty when the proxy cannot be asked."""

    answers: Answers
    pointer: Pointer


@dataclass(frozen=True)
class Beside:
    """The image of a container that runs beside the releases: the database's, or the proxy's.

    `image` is what the Compose files called it when the container was made. `wanted` is what they call it now, where
    they define the container otherwise than it was made; "" where they define it so. `runs` is what the image is known
    by: its digests in its registry, then its id. `means` is what the engine would start under that name now, () when
    it has no such image.
    """

    service: str  # DATABASE or PROXY
    image: str
    runs: tuple[str, ...]
    means: tuple[str, ...] = ()
    wanted: str = ""

    @property
    def moved(self) -> bool:
        """Whether its tag means another image by now: one that is started only when the container is made anew."""
        return not self.wanted and bool(self.means) and self.means[-1] != self.runs[-1]
