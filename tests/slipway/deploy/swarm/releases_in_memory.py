# ruff: noqa: D102  (the protocols in slipway/runtime/releases.py say what the methods do)
"""Releases on a Swarm in memory: it is told by Slipway's own code; images, proxies and clients are made up."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.core.steps import Steps
from slipway.deploy.swarm import names, settled
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import Record
from slipway.deploy.swarm.seen import SwarmSeen
from slipway.deploy.swarm.store import Store
from slipway.engine.swarm.services import FAILED
from slipway.project.config import load
from slipway.runtime.release import Answers, Beside, Look, NewRelease, Release
from tests.slipway.deploy.images_in_memory import MemoryImages
from tests.slipway.deploy.in_memory import PYPROJECT
from tests.slipway.deploy.support import SETTINGS
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec


@dataclass
class SwarmProxyInMemory:
    """Proxies that lead clients to all tasks of web; those of a release that is `bad` answer errors."""

    of: "SwarmReleasesInMemory"
    said: str = ""

    def sharing(self) -> str:
        return ""

    def change(self, port: int) -> str:
        return ""

    def ports(self) -> list[int]:
        return [80]

    def exists(self) -> bool:
        return True

    def wanted(self) -> str:
        return "proxy"

    def check(self, configuration: str, port: int) -> None: ...

    def start(self, configuration: str, port: int) -> None: ...

    def load(self, configuration: str) -> None: ...

    def revive(self) -> bool:
        return True

    def ask(self, release: str, path: str) -> tuple[bool, str]:
        return True, ""

    def answered_by(self, path: str) -> str:
        return self.of.pointer().release

    def look(self) -> Look:
        return Look(Answers(), self.of.pointer())

    def connections(self, release: Release) -> int | None:
        return 0


class SwarmReleasesInMemory(SwarmSeen):
    """Releases with web and a worker; who has the lock is whoever asks."""

    images: MemoryImages

    def __init__(self, memory: MemoryApi, root: Path) -> None:
        (root / "pyproject.toml").write_text(PYPROJECT)
        store = Store(api(memory), "shop-prod", lambda: True)
        self.memory, self.images, self.proxy = memory, MemoryImages(), SwarmProxyInMemory(self)
        parts = Parts(api(memory), "shop-prod", store.check)
        super().__init__(parts, store, load(root), Steps(), self.proxy, lambda: "caddy:2")
        self.counts: dict[str, list[Answers]] = {}  # of releases, the next ones; the last stays

    def configuration(self) -> str:
        return "proxy"

    @contextlib.contextmanager
    def lock(self, verb: str, wait: bool = True, files: bool = True, joins: str = "") -> Iterator[str]:
        settled.wait(self.steps, self.parts)
        self.keep_live()
        yield ""

    def busy(self) -> str:
        return ""

    def start(self, new: NewRelease) -> None:
        image = self.images.known[new.image]
        specs = {
            "web": spec("web", new.id, new.image, new.scale),
            "worker": spec("worker", new.id, new.image, new.replicas["worker"]),
        }
        record = Record(new.id, new.image, image.id, specs, image.labels)
        self.store.set(names.RECORD, new.id, record.data)
        self.try_out(record)

    def resume(self, release: Release) -> None:
        self.try_out(self.record_of(release.id))

    def processes(self) -> dict[str, int]:
        return {"worker": 0}

    def singles(self) -> list[str]:
        return []

    def start_processes(self, new: NewRelease) -> None:
        self.become(self.record_of(new.id), "worker")

    def resume_processes(self, release: Release) -> None:
        self.become(self.record_of(release.id), "worker")

    def is_retiring(self, release: Release) -> bool:
        return False

    def retired(self, release: Release) -> None: ...

    def renew(self, secrets: Mapping[str, str]) -> None: ...

    def tidy(self) -> None: ...

    def log(self, release: str, lines: int) -> str:
        return "\n".join(one.said for one in self.parts.tasks(self.parts.all()) if one.state in FAILED)

    def answers(self, release: Release) -> Answers | None:
        found = self.counts.get(release.image, [Answers()])
        return found.pop(0) if len(found) > 1 else found[0]

    def variables(self) -> dict[str, str]:
        return dict(SETTINGS)

    def definition(self) -> str:
        return "{}"

    def volumes(self, image: str) -> tuple[str, ...]:
        return ()

    def is_defined_so(self, release: Release) -> bool:
        return True

    def beside(self, port: int = 0) -> tuple[Beside, ...]:
        return ()

    def room(self) -> int:
        return 0
