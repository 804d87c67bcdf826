"""Which release of a deployment on a Swarm clients are led to: the one that its service web is.

The services of the Swarm become a release by what is kept of it. Of its web, one task is tried before.
"""

from collections.abc import Callable, Collection, Mapping

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.compose import labels
from slipway.deploy.swarm import losses, names, records, spread
from slipway.deploy.swarm.notes import FLIPPED, PREVIOUS, SwarmNotes
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import Record
from slipway.deploy.swarm.scaling import Scaling
from slipway.deploy.swarm.store import Store
from slipway.engine.swarm import services
from slipway.engine.swarm.objects import Blob
from slipway.engine.swarm.services import BACK, FAILED, Service
from slipway.project.config import Project
from slipway.runtime.release import WEB, Pointer, Release
from slipway.runtime.releases import Images

SECONDS = len("2026-11-28T00:00:00")  # of a time, as long as it is to be compared
END = 10  # seconds for a trial to end, that nobody is led to
SWARM = "The Swarm"  # who has gone back, where nobody told it to


class SwarmPointer(SwarmNotes):
    """What leads clients to a release, and what is kept of each; see `runtime.releases.Releases`."""

    images: Images

    def __init__(self, parts: Parts, store: Store, project: Project, steps: Steps) -> None:
        super().__init__(store)
        self.parts, self.project, self.steps = parts, project, steps
        self.api = parts.api
        self.deployment = parts.deployment
        self.has_web = project.has_web

    # What is kept

    def records(self, there: Mapping[str, Service] | None = None) -> dict[str, Record]:
        """Return what is kept of releases, by id, the oldest first; raises Problem.

        Of the live one, it is what its services are where somebody has removed what was kept. `there` are the services.
        """
        found = {one.id: one for one in map(Record.of, self.store.all(names.RECORD))}  # the last one of each counts
        if lost := self._unkept(found, self.parts.all() if there is None else there):
            found[lost.id] = lost
        return dict(sorted(found.items(), key=lambda item: item[1].created[:SECONDS]))

    def _unkept(self, kept: Collection[str], there: Mapping[str, Service]) -> Record | None:
        live = _release(there.get(names.of_service(self.deployment, self._leads)))
        if not live or live in kept:
            return None
        return records.of_services(self.deployment, live, there, self.images)

    def keep_live(self) -> None:
        """Keep again what the live release is, where somebody has removed that: one can go back to it. Raises Problem.

        To be called by who holds the lock.
        """
        kept = {one.labels.get(labels.RELEASE, "") for one in self.store.all(names.RECORD)}
        if lost := self._unkept(kept, self.parts.all()):
            self.store.set(names.RECORD, lost.id, lost.data)
            self.steps.note("recovered", f"what was kept of {lost.id}, which is live, was gone: noted anew, as it runs")

    def record_of(self, release: str) -> Record:
        """Return what is kept of a release; raises Problem when nothing is."""
        found = self.records().get(release)
        if not found:
            raise Problem(f"Nothing is kept of {release}: ./inv releases")
        return found

    def replace(self, record: Record) -> None:
        """Keep another one of a release in the place of what is kept of it; raises Problem."""
        before = self._kept(record.id)
        self.store.add(names.RECORD, record.data, False, **{labels.RELEASE: record.id})
        self.store.remove(*before)

    def _kept(self, release: str) -> list[Blob]:
        return [one for one in self.store.all(names.RECORD) if one.labels.get(labels.RELEASE) == release]

    def become(self, record: Record, *of: str, stays: bool = False) -> None:
        """Let some of the services become a release's, from which the Swarm goes back unless it `stays`."""
        for name in of:
            self.parts.put(record.specs[name], stays)

    def try_out(self, record: Record) -> None:
        """Start one task of a release's web, to which nobody is led; raises Problem."""
        self.parts.remove(names.TRIAL)
        self.parts.put(records.trial(self.deployment, record))

    def untry(self, release: str) -> None:
        """End the trial of a release, if there is one; raises Problem.

        A Swarm that gets another leader knows nothing any more of tasks whose service was removed, and gives away the
        addresses of those that are at their end (taskinit.CheckTasks of moby/swarmkit). So that is waited for.
        """
        found = self.parts.find(names.TRIAL)
        if found and found.labels.get(labels.RELEASE) == release:
            self.parts.remove(names.TRIAL)
            services.is_gone(self.api, found.id, END)  # on a node that was lost, it has no end

    # What is taken away

    def retire(self, release: Release) -> None:
        """Remove the processes of a release that the live one has not: the others were replaced. Raises Problem."""
        kept, mine = self.records().get(self.current()), self.records().get(release.id)
        for name in mine.processes if mine else ():
            found = self.parts.find(name)
            if _release(found) == release.id and not (kept and name in kept.specs):
                self.parts.remove(name)

    def stop(self, release: Release) -> None:
        """Let what is still one's become the live release's; raises Problem."""
        kept = self.records().get(self.current())
        if kept and kept.id != release.id:
            self.become(kept, *kept.processes)
        self.untry(release.id)

    def halt(self, release: Release) -> None:
        """Let what is still one's become the live release's; raises Problem."""
        self.stop(release)

    def remove(self, release: Release) -> None:
        """Let nothing be one's any more, and forget it; raises Problem."""
        self.retire(release)
        self.stop(release)
        self.store.remove(*self._kept(release.id))

    def clear_marks(self) -> None:
        """Clear the marks of earlier deployments, and end the trial that one has left; raises Problem."""
        super().clear_marks()
        self.parts.remove(names.TRIAL)

    # Which one clients are led to

    def pointer(self) -> Pointer:
        """Return which release web is, or is being made, and who has gone back to it; raises Problem."""
        found = self._first()
        by = self.store.get(names.MARK, FLIPPED)
        if not by and found and found.update in BACK and self.store.get(names.MARK, PREVIOUS) == _release(found):
            by = f"{SWARM}{self._why()}"
        return Pointer(_release(found), by)

    def _why(self) -> str:
        # What a task of web ended with, last of those that failed.
        found = [one for one in self.parts.tasks_of(WEB) if one.state in FAILED and one.said]
        return f" ({max(found, key=lambda one: one.index).said})" if found else ""

    def current(self) -> str:
        """Return the release of web, or of the first of what there is without web; "" for none."""
        return _release(self._first())

    @property
    def _leads(self) -> str:
        return WEB if self.has_web else min(self.project.processes, default=WEB)

    def _first(self) -> Service | None:
        return self.parts.find(self._leads)

    def _leading(self, record: Record) -> list[str]:
        return [WEB] if self.has_web else list(record.processes)

    def switch(self, new: str, old: str, line: str) -> None:
        """Let web become a release, from which one can go back until `seal`; note a line of the ledger."""
        record = self.record_of(new)
        self.untry(new)
        self.become(record, *self._leading(record), stays=not old)
        if old:
            self.store.set(names.MARK, PREVIOUS, old.encode())
        self.record(line)

    def spread(self, release: str, check: Callable[[], None]) -> None:
        """Wait until the Swarm has made all of web a release, and look meanwhile; raises Problem."""
        if self.has_web:
            spread.wait(self.steps, self.parts, release, self.project.wait, check)

    def even(self) -> None:
        """Give each node its share of the live release, as far as that goes: an update may leave two on one node."""
        scaling = Scaling(self.parts, self.steps, self.project.wait)
        try:
            for part, more in losses.uneven(scaling.look()).items():
                scaling.spread(part, more)
        except Problem as problem:
            self.steps.say(f"  {problem.message}\n  The release is live; its tasks are not spread over the nodes.")

    def point(self, release: str) -> None:
        """Let web become a release, all of it at once where it was that one before; raises Problem."""
        self.store.check()
        self._go_back(self.record_of(release))

    def _go_back(self, record: Record) -> None:
        for name in self._leading(record):
            services.go_back(self.api, record.specs[name], self.parts.auth(record.specs[name]))
        if self.has_web:  # until then, clients get answers of both
            spread.back(self.parts, record.id, self.project.wait)

    def back(self, by: str, any_lock: bool = False) -> str:
        """Go back to the old release; return which it is, "" when nobody can be gone back to. Raises Problem."""
        old = self.store.get(names.MARK, PREVIOUS)
        if not old or self.current() == old:  # or the Swarm has done it
            return ""
        if by:
            self.store.set(names.MARK, FLIPPED, by.encode(), any_lock)
        if not self.store.drop(names.MARK, PREVIOUS):  # who removes it decides
            return ""
        self._go_back(self.record_of(old))
        return old

    def fence(self, new: str) -> bool:
        """Tell whether the lock is still this process's: each change of the Swarm was answered, or was not made."""
        return self.store.holds()


def _release(service: Service | None) -> str:
    return service.labels.get(labels.RELEASE, "") if service else ""
