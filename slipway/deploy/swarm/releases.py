"""Releases on a Swarm; see `runtime.releases.Releases`.

One is first tried as a service of its own, to which nobody is led. Then the services of the deployment become it: the
Swarm starts each new task before it stops an old one, and goes back by itself where they don't stay well.
"""

import contextlib
from collections.abc import Iterator, Mapping

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.deploy.compose import labels
from slipway.deploy.swarm import counted, disks, names, reach, records, settled
from slipway.deploy.swarm import lock as locks
from slipway.deploy.swarm.around import File
from slipway.deploy.swarm.content import Files, used
from slipway.deploy.swarm.defined import SwarmDefined
from slipway.deploy.swarm.lock import Lock
from slipway.deploy.swarm.made import Maker
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.proxy import SwarmProxy
from slipway.deploy.swarm.pulls import Pulls
from slipway.deploy.swarm.store import Store
from slipway.engine import images
from slipway.engine.compose import ANY
from slipway.engine.swarm import logs, services
from slipway.engine.swarm.services import FAILED
from slipway.project.settings import Settings
from slipway.runtime.release import WEB, Answers, Beside, NewRelease, Release
from slipway.runtime.releases import Images

END = 10  # seconds for the lock's task
LOOKED_INTO = 6  # tasks, for one that has a log


class SwarmReleases(SwarmDefined):
    """The releases of a deployment on a Swarm."""

    proxy: SwarmProxy

    def __init__(
        self, parts: Parts, store: Store, files: Files, maker: Maker, settings: Settings, proxy: SwarmProxy
    ) -> None:
        super().__init__(parts, store, maker, settings, proxy, lambda: proxy.definitions.image)
        self.files = files
        self.stack = maker.stack
        self.shell = self.stack.shell
        self.images: Images = images.Images(self.shell)
        self.held: Lock | None = None
        self.is_ended = False  # by this process, which has removed all else
        self._count = set[str]()  # releases that count what their clients get
        self.pulls = Pulls(parts)

    @contextlib.contextmanager
    def lock(self, verb: str, wait: bool = True, files: bool = True, joins: str = "") -> Iterator[str]:
        """Hold the Swarm's lock; what it was still changing, it has come to the end of. Raises Problem."""
        self.parts.check_names()
        networks = self.parts.have_networks(names.DEFAULT, names.CONTROL)
        wanted = locks.Wanted(self.deployment, self.away.image(), f"inv {verb} of {who()}", networks)
        with locks.on_swarm(wanted, self.api, wait, verb, joins) as (held, waited):
            self.held = held
            try:
                if files:
                    self.agree()
                settled.wait(self.shell.steps, self.parts)
                self.keep_live()
                yield waited
            finally:
                self.held = None
        if self.is_ended and services.is_gone(self.api, held.id, END):
            self.parts.remove_networks()  # in which the lock was

    def holds(self) -> bool:
        """Tell whether this process has the lock; raises Problem when nobody can tell."""
        return locks.holds(self.api, self.held)

    def busy(self) -> str:
        """Return who has the lock, with verb and age; "" for nobody."""
        return locks.owner(self.api, names.of_service(self.deployment, names.LOCK)).name

    # What is there

    def configuration(self) -> str:
        """Return the Caddyfile that the proxies have, "" for none."""
        return self.proxy.configuration() if self.has_web else ""

    def log(self, release: str, lines: int) -> str:
        """Return the last lines of one's log: of a task that failed, if there is one."""
        there = self.parts.all()
        mine = [one for one in self.parts.tasks(there) if one.labels.get(labels.RELEASE) == release]
        web = {one.id for one in there.values() if one.name in (self._called(WEB), self._called(names.TRIAL))}
        found = sorted(mine, key=lambda one: (one.state in FAILED, one.service in web, one.index))
        for one in reversed(found[-LOOKED_INTO:]):  # one that has begun nothing has no log
            if text := "\n".join(filter(None, [logs.of_task(self.api, one.id, lines), one.said])):
                return text
        return ""

    def _called(self, service: str) -> str:
        return names.of_service(self.deployment, service)

    def answers(self, release: Release) -> Answers | None:
        """Return what the clients of one got; None when it doesn't count that, or without the lock."""
        found = counted.of(self.shell, self.held, release) if self.held else None
        if found:
            self._count.add(release.id)
        return found or (Answers() if release.id in self._count else None)

    def switch(self, new: str, old: str, line: str) -> None:
        """Let web become a release; see `SwarmPointer`. Whether it counts what clients get, its trial has shown."""
        if trial := self.again(new):
            self.answers(trial)
        super().switch(new, old, line)

    def hand_out(self, image: str) -> None:
        """Have an image on all nodes that may run a release of it; raises Problem with who cannot pull it."""
        specs = self.maker.specs(ANY, image, dict.fromkeys(self.services(), 1), make=False)
        with self.pulls.meanwhile(image, specs):
            pass

    # What is done with one

    def start(self, new: NewRelease) -> None:
        """Keep what one is, and try its web; raises Problem."""
        self.store.check()
        self.parts.have_networks(*reach.networks(self.maker.definition.config))
        record = self.maker.record(new)
        self.store.set(names.RECORD, new.id, record.data)
        with self.pulls.meanwhile(record.image, record.specs):
            if new.scale:
                self.try_out(record)

    def resume(self, release: Release) -> None:
        """Try the web of one that was kept; raises Problem."""
        record = self.record_of(release.id)
        if gone := self.files.lacking(record.specs):
            raise Problem(
                f"Of what is kept of {record.id}, somebody has removed {', '.join(gone)} from the Swarm: it cannot be "
                "started again. To go to another one that is kept (./inv releases): ./inv rollback --to RELEASE; to "
                "have its image with today's settings: ./inv deploy --tag TAG"
            )
        with self.pulls.meanwhile(record.image, record.specs):
            if release.has_web:
                self.try_out(record)

    # Its processes beside web

    def start_processes(self, new: NewRelease) -> None:
        """Let the processes become those of one; raises Problem."""
        record = self.record_of(new.id)
        self.become(record, *record.processes)

    def resume_processes(self, release: Release) -> None:
        """Let the processes become those of one again; raises Problem."""
        record = self.record_of(release.id)
        self.become(record, *record.processes)

    def is_retiring(self, release: Release) -> bool:
        """Return False: the Swarm sees to what was told to stop."""
        return False

    def retired(self, release: Release) -> None:
        """Wait for nothing: the Swarm starts what comes in the place of a single one once that has stopped."""

    def renew(self, secrets: Mapping[str, str]) -> None:
        """Let all that are kept have these secrets, "" for none, when they are started again; raises Problem.

        What a task was given stays what it is: of the live one, until another one has taken its place.
        """

        def have(name: str, uid: str) -> File:
            return self.files.secrets({name: secrets[name]}, uid)[0]

        for one in self.records().values():
            if (now := records.renewed(one, secrets, have)) != one:
                self.replace(now)

    def tidy(self) -> None:
        """Remove jobs that have ended, and secrets and configs that nothing has which is kept; raises Problem."""
        self.away.tidy()
        there = self.parts.all()
        for one in there.values():
            if one.labels.get(names.KIND) == names.JOB and settled.is_over(self.api, one):
                services.remove(self.api, one.id)
        kept = [record.specs for record in self.records(there).values()]
        self.files.tidy({*used(kept), *used([one.spec for one in there.values()])})

    # Around

    def beside(self, port: int = 0) -> tuple[Beside, ...]:
        """Return the images of the database and the proxies that run."""
        return self.maker.beside(self.parts)

    def room(self) -> int:
        """Return the free bytes of the disk of the manager that is asked; 0 when that cannot be told."""
        if not self.held:
            return 0
        status, said, _ = self.shell.probe(self.held.exec_command(*disks.ASK))
        disk = disks.read(said) if not status else None
        return disk.free if disk else 0
