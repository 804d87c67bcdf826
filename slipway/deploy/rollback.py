"""`inv rollback`: to a release that was live before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.deploy import (
    compatible,
    ledger,
    plan,
    processes,
    recover,
    settings,
    source,
    switch,
    target,
    trial,
    webless,
)
from slipway.deploy.attempt import Attempt
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.source import Candidate
from slipway.deploy.switch import Change
from slipway.deploy.target import Target
from slipway.engine.references import pinned
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment
from slipway.runtime.environment import Environment
from slipway.runtime.release import NewRelease
from slipway.runtime.releases import Releases


class Rollback:
    """One rollback of a deployment; `to` names a release, "" for the one before. The project's `hooks` are told.

    `port` is asked for that of the proxy where that has to be made: it raises Problem when .env is not in order.
    """

    def __init__(
        self,
        checkout: Checkout,
        environment: Environment,
        deployment: Deployment,
        port: Callable[[], int],
        to: str = "",
        hooks: bool = True,
    ) -> None:
        self.checkout = checkout
        self.environment = environment
        self.deployment = deployment
        self.releases: Releases = deployment.releases
        self.port = port
        self.to = to
        self.attempt = Attempt(checkout, environment, deployment, hooks)

    def plan(self) -> list[tuple[str, str]]:
        """Return what would be done, as names and lines; change nothing. Raises Problem as `run` would."""
        webless.check_kind(self.checkout.project, self.releases)
        remembered, of = self.releases.remembered(), self.environment.settings
        entries, pointed = ledger.parse(remembered.ledger), remembered.pointer.release
        back = ledger.of_release(entries, remembered.previous)
        if back and not self.to and back.release != pointed:
            live = ledger.of_release(entries, pointed)
            return [
                ("now", f"{live.image} ({live.release}), which is being watched" if live else "nothing is live"),
                ("then", f"{back.image} ({back.release}), which still runs: at once"),
            ]
        of.looks_up, found = False, self._look()
        rows = [*plan.waits(self.releases.busy()), *target.rows(found), *([] if found.kept else settings.unsought(of))]
        steps = target.STEPS if self.checkout.project.has_web else target.STEPS_WITHOUT_WEB
        return [*rows, ("steps", f"start it, {steps}")]

    def run(self, wait: bool) -> Entry:
        """Go back; return what the ledger says of it.

        Within the bake window of a deployment that is a renaming, also while the deployment is under way. A rollback
        that was cut off, or that somebody else has made meanwhile, is not made twice. Raises Problem when there is no
        release to go back to, when its image doesn't know the schema, or when it doesn't become ready; all is as
        before then.
        """
        steps, releases = self.checkout.steps, self.releases
        webless.check_kind(self.checkout.project, releases)
        if not self.to and (entry := self._flip()):
            steps.say("  the deployment that was under way ends, and removes its release")
            self._at_work()
            return entry
        seen = releases.pointer()
        if seen.by and not self.to:  # the deployment that was under way has yet to notice
            return self._made(seen.release, trial.rolled_back(seen.by))
        source.need(self.deployment)
        with releases.lock("rollback", wait, joins="rollback") as waited:
            flipped = None if self.to else self._flip()
            recover.recover(steps, releases)
            return flipped or self._settled(seen.release, waited) or self.attempt.follow(self._go_back)

    def _flip(self) -> Entry | None:
        # Go back within a bake window, in the lock's container; return what is live then, None when there was none.
        releases, began = self.releases, time.monotonic()
        release = releases.back(who(), any_lock=True)
        if not release:
            return None
        return self.attempt.follow(partial(self._flipped, release, began))

    def _flipped(self, release: str, began: float) -> Entry:
        trial.probe(self.checkout, self.releases.proxy, release)
        entry = gone_back(self._entry_of(release), outcome=Outcome.LIVE, seconds=switch.since(began))
        entry = self.attempt.begin(entry)
        self._note(entry)
        return entry

    def _at_work(self) -> None:
        # Nobody waits for more than the web of what is gone back to; without web, all of it was told to stop.
        if not self.checkout.project.has_web:
            with self.releases.lock("rollback", wait=True):
                recover.recover(self.checkout.steps, self.releases)

    def _note(self, entry: Entry) -> None:
        # In the ledger, whoever has the lock: that deployment is ending.
        try:
            self.releases.record(entry.line(), any_lock=True)
        except Problem:
            with self.releases.lock("rollback", wait=True):
                self.releases.record(entry.line())

    def _entry_of(self, release: str) -> Entry:
        found = ledger.of_release(ledger.parse(self.releases.ledger()), release)
        return found or recover.of_containers(self.releases.all()[release])

    def _made(self, release: str, by: str) -> Entry:
        # What somebody else has made; raises Problem when it doesn't answer.
        self.checkout.steps.note("already", by)
        trial.probe(self.checkout, self.releases.proxy, release)
        return self._entry_of(release)

    def _settled(self, seen: str, waited: str) -> Entry | None:
        remembered = self.releases.remembered()
        entries, live = ledger.parse(remembered.ledger), remembered.pointer.release
        by = target.done(entries, live, seen, waited)
        meant = ledger.find(entries, self.to) if self.to else None
        if not by or (self.to and not (meant and meant.release == live)):
            return None
        entry = self._made(live, by)
        last = entries[-1]
        if last.outcome == Outcome.ROLLED_BACK:
            self.releases.record(gone_back(entry, outcome=Outcome.LIVE, seconds=ledger.ENDED).line())
        elif last.is_cut_off:
            self.releases.record(replace(last, seconds=ledger.ENDED).line())
        return entry

    def _look(self, start: bool = False) -> Target:
        # Choose, and see how that stands to the database, which may be started for it; raises Problem.
        releases, remembered = self.releases, self.releases.remembered()
        there = releases.all()
        now = recover.stand(remembered, there)
        entries, live = now.entries, there.get(now.live)
        chosen = target.choose(entries, live, there, self.to)
        if start and live and not self.deployment.database.running():
            self.deployment.database.start()
        kept = there.get(chosen.release)
        given, definition = chosen.settings, chosen.definition
        volumes: tuple[str, ...] = ()
        if not kept:  # then it is made of .env and compose.release.yaml as they are today
            if not (chosen.digest or source.find(releases.images, chosen.image_id)):
                raise Problem(target.gone(chosen, entries, live.id if live else "", there))
            self.environment.settings.check()
            webless.check_target(self.checkout.project, chosen)
            volumes = releases.volumes(chosen.image_id)
            given = settings.hashes(releases.variables(), remembered.salt)
            given = settings.assumed(given, chosen, self.environment.settings.unsought)
            definition = settings.definition(releases.definition(), remembered.salt)
        of = (self.checkout, self.environment, self.deployment)
        schema = compatible.check(*of, (live, chosen), entries) if live else ""
        known = ledger.of_release(entries, live.id) if live else None
        return Target(chosen, live, known, kept, given, definition, schema, volumes)

    def _go_back(self) -> Entry:
        found = self._look(start=True)
        steps, releases, chosen, kept = self.checkout.steps, self.releases, found.entry, found.kept
        for row in target.rows(found):
            steps.note(*row)
        entry = gone_back(chosen)
        new: NewRelease | None = None
        if not kept:
            image = image_of(self.checkout, self.deployment, chosen)
            taken = [*releases.all(), *(one.release for one in ledger.parse(releases.ledger()))]
            entry = replace(
                entry, release=ledger.new_release(taken, time.time()), repeats=chosen.origin, settings=found.settings,
                definition=found.definition, image=chosen.image if chosen.digest else image.reference,
                replicas=processes.counts(releases.processes(), chosen.replicas, {}),
            )  # fmt: skip
            new = NewRelease(entry.release, image.reference, image.user, chosen.scale, entry.replicas)

        def start() -> Mapping[str, Any]:
            self._have_proxy()
            with steps.step("start", started(new) if new else f"{chosen.image}, as {chosen.release}"):
                if kept:
                    releases.resume(kept)
                elif new:
                    releases.start(new)
            return {}

        def join() -> None:
            if kept:
                releases.resume_processes(kept)
            elif new:
                releases.start_processes(new)

        has_some = bool(kept.processes if kept else new and new.replicas)
        entry = self.attempt.begin(entry)
        live, drain = found.live, self.checkout.project.deploy.drain
        change = Change(live if live and live.running else None, drain=drain, kept=bool(kept), one_way=True)
        change = replace(change, processes=join if has_some else None)
        return switch.go_live(self.checkout, releases, entry, change, start)

    def _have_proxy(self) -> None:
        proxy = self.releases.proxy
        if not proxy.revive():
            proxy.start(self.releases.remembered().configuration or proxy.wanted(), self.port())


def gone_back(to: Entry, **more: Any) -> Entry:
    """Return the entry of a rollback to what an earlier entry is of."""
    new: dict[str, Any] = {
        "event": ledger.new_event(), "what": ledger.ROLLBACK, "by": who(), "outcome": Outcome.UNDER_WAY, "reason": "",
        "migrated": (), "backup": "", "without_backup": False, "without_hooks": False, "began": ledger.now(),
        "beside": {}, "steps": {}, "seconds": 0,
    }  # fmt: skip
    return replace(to, **(new | more))


def started(new: NewRelease) -> str:
    """Say what is started."""
    return f"{new.image}{f', {new.scale} of them' if new.scale > 1 else ''}"


def image_of(checkout: Checkout, deployment: Deployment, entry: Entry) -> Candidate:
    """Return the image of a release, from the engine or its registry; raises Problem."""
    images = deployment.releases.images
    found = source.find(images, entry.image_id)
    if found:
        return source.called(images, found.check(), entry.image)
    if entry.digest:
        named = pinned(entry.image, entry.digest)
        return source.get(checkout, deployment, source.resolve(checkout, deployment, named))
    raise Problem(f"The image {entry.image} is gone from the engine. Build or push it, then: ./inv deploy --tag TAG")
