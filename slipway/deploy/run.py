"""`inv deploy`: gather what there is, and act; deploy/plan.py decides."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.core.words import human
from slipway.database import after, migrate, superuser
from slipway.deploy import (
    away,
    beside,
    ledger,
    moving,
    plan,
    preflight,
    processes,
    recover,
    settings,
    source,
    switch,
    webless,
)
from slipway.deploy.facts import Facts, Options, dismisses, is_live, recreates, replicas, scale
from slipway.deploy.ledger import Entry
from slipway.deploy.rollback import started
from slipway.deploy.rotate import Rotation, dismiss
from slipway.deploy.source import Candidate, Source
from slipway.deploy.switch import Change
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment
from slipway.runtime.bring_over import SUPERUSERS, Role
from slipway.runtime.environment import Environment
from slipway.runtime.predecessor import Predecessor
from slipway.runtime.release import NewRelease, Release
from slipway.runtime.releases import Releases
from slipway.schema.answers import State


class Deployer:
    """One deployment: of a checkout, to a deployment of an environment that is reached at a port."""

    def __init__(self, checkout: Checkout, environment: Environment, deployment: Deployment, port: int) -> None:
        self.checkout = checkout
        self.environment = environment
        self.deployment = deployment
        self.releases: Releases = deployment.releases
        self.port = port
        self.before: Predecessor | None = None

    # Gather

    def look(self, options: Options) -> Facts:
        """Look at everything, and change nothing; raises Problem with what would make the deployment fail."""
        self._check(options)
        if options.rotation:
            return self._facts(options, *source.live(self.releases), changes=False)
        found = source.resolve(self.checkout, self.deployment, options.tag, options.elsewhere)
        return self._facts(options, found, source.find(self.releases.images, found.reference), changes=False)

    def gather(self, options: Options) -> Facts:
        """Put in order what was left behind, have the image at hand, and look at everything; raises Problem."""
        self._check(options)
        recover.recover(self.checkout.steps, self.releases)
        with away.stays(self.checkout, self.releases):
            if options.rotation:
                return self._facts(options, *source.live(self.releases), changes=True)
            found = source.resolve(self.checkout, self.deployment, options.tag, options.elsewhere)
            return self._facts(options, found, source.get(self.checkout, self.deployment, found), changes=True)

    def _check(self, options: Options) -> None:
        webless.check(self.checkout.project, options)
        webless.check_kind(self.checkout.project, self.releases)
        self.before = self.deployment.before()
        moving.check(self.before, options, self.releases.deployment)

    def _facts(self, options: Options, found: Source, image: Candidate | None, changes: bool) -> Facts:
        source.refuse_backwards(self.releases, found, image)
        self.deployment.use(found.reference)
        of = (self.checkout, self.environment.settings, self.deployment)
        releases, has_web = self.releases, self.checkout.project.has_web
        with self.checkout.steps.step("preflight") as step:
            self.deployment.check(self.port)
            sharing, shared = releases.proxy.sharing(), releases.volumes(found.reference)
            processes.check(options.replicas, releases.processes(), releases.singles(), has_web)
            known, images = releases.remembered(), releases.beside(self.port)
            around = self.deployment.companions.look(self.port, options.recreate)
            change, configuration = preflight.proxy(*of, self.port, options, known, images)
            now, there = recover.stand(known, releases.all()), releases.all()
            live = there.get(now.live)
            free = preflight.room(releases)
            salt = known.salt or secrets.token_hex(16)
            given = self._hashes(options, live, now.entries, salt)
            step.detail = f"settings{', proxy' if has_web else ''}{f', disk ({human(free)} free)' if free else ''}"
        database = self.deployment.database.running()
        if changes:
            self.deployment.hand_out(found.reference)
        untold = "" if options.rotation else self._untold(found, image, database, changes)
        unasked = untold or options.rotation  # what is live has its schema
        return Facts(
            live=live, entries=now.entries, database=database, reference=found.reference,
            image=image, schema=None if unasked else self._schema(), salt=salt, settings=given,
            same=bool(live and releases.is_defined_so(live)), proxy=change,
            configuration=configuration, sharing=sharing, untold=untold,
            role=self._role() if database else None, outdated=self.deployment.database.is_outdated(self.port),
            beside=images, volumes=shared, definition=settings.definition(releases.definition(), salt),
            there=tuple(there), keep=self.checkout.project.deploy.keep, processes=releases.processes(),
            away=known.maintenance if has_web else "", has_web=has_web, companions=around,
            left=self.deployment.database.left_behind(), after=self.checkout.project.hooks.after_migrate,
            moves=bool(self.before),
        )  # fmt: skip

    def _hashes(self, options: Options, live: Release | None, entries: Sequence[Entry], salt: str) -> dict[str, str]:
        # Of what the release will have; raises Problem for a rotation that what is live is not ready for.
        variables, step = self.releases.variables(), options.rotation
        now = ledger.of_release(entries, live.id) if live else None
        left_out = [name for name in self.environment.settings.unsought if not (step and name in step.values)]
        if step and live:
            settings.check_accepts(step, live)
            found = settings.assumed(settings.hashes(variables, salt), now, left_out)
            settings.check_step(step, self.checkout.project.secrets, now, found)
        return settings.assumed(settings.hashes(settings.rotated(variables, step), salt), now, left_out)

    def _untold(self, found: Source, image: Candidate | None, database: bool, changes: bool) -> str:
        # Until when nobody can tell what is pending in the database; "" when it can be told, or nothing can be pending.
        if not self.checkout.project.migrations:
            return ""
        if self.environment.settings.unsought:  # what asks the database logs in, and has the service's settings
            return "the secrets are looked up, which a plan doesn't do"
        if not image:
            return f"the image is {'built' if found.tree else 'pulled'}"
        if not database:
            return "the database runs"
        return "" if changes or self.releases.proxy.exists() else "the deployment's network is there"

    def _role(self) -> Role | None:
        # What the service's role is; None in a database elsewhere.
        own = self.environment.settings.own_database
        return superuser.role(self.environment, self.deployment) if own else None

    def _schema(self) -> State | None:
        # What is pending in the database; None without migrations.
        if not self.checkout.project.migrations:
            return None
        with self.checkout.steps.step("schema") as step:
            state = migrate.state(self.checkout, self.environment, self.deployment)
            if state.refused:
                raise Problem(state.refused)
            step.detail = plan.schema_line(state)
        return state

    # Act

    def deploy(self, facts: Facts, options: Options, begin: Callable[[Entry], Entry] = replace) -> Entry:
        """Do it; return what the ledger says of it, which `begin` is told first. Raises Problem: what was live is."""
        configuration = ("", "") if facts.proxy else facts.configuration
        if is_live(facts, options) and facts.live and facts.now:
            try:
                self._prepare(facts, options)
                if facts.proxy == "recreate":
                    self._start_proxy(facts)
                switch.take(self.checkout.steps, self.releases.proxy, *configuration)
            except Problem as problem:
                live = switch.standing(self.checkout, self.releases, facts.live)
                problem.message = f"{problem.message}\n{live} {switch.again('deploy')}"
                raise
            return self._noted(facts.now)
        assert facts.image  # noqa: S101  (gathered to be changed: it is at hand)
        new = self._new(facts, facts.image, options)
        of_secret = Rotation(self.checkout, self.environment, self.deployment, options.rotation)

        def start() -> Mapping[str, Any]:
            done = self._prepare(facts, options)
            of_secret.prepare()
            after.run(self.checkout, self.environment, self.deployment, () if options.rotation else facts.after)
            with self.checkout.steps.step("start", started(new)):
                self.releases.start(new)
            return done

        change = replace(self._change(facts, new, options), configuration=configuration)
        entry = begin(self._entry(facts, facts.image, new, options))
        moved = moving.moved(self.checkout.steps, self.before, options)
        with moved, of_secret.kept_if_live(entry.release), away.told(self.deployment.database):
            entry = switch.go_live(self.checkout, self.releases, entry, change, start)
        of_secret.finish(entry.release)
        recover.prune(self.releases, self.checkout.project.deploy.keep)
        if facts.is_superuser or (not facts.database and self._role() in SUPERUSERS):
            superuser.end_sessions(self.checkout, self.deployment, self.environment.settings.database)
        if dismisses(facts, options):
            dismiss(self.deployment, self.environment.settings.database, entry.release)
        return entry

    def _change(self, facts: Facts, new: NewRelease, options: Options) -> Change:
        of = self.checkout.project.deploy
        settle = of.settle if options.bake else 0
        comes_late = facts.proxy == "recreate" or (facts.moves and facts.has_web)
        anew = partial(self._start_proxy, facts) if comes_late else None
        join = partial(self.releases.start_processes, new) if new.replicas else None
        return Change(facts.old, settle, options.bake, of.drain, anew=anew, processes=join, moves=facts.moves)

    def _noted(self, live: Entry) -> Entry:
        # The entry of a release that stays, with what runs beside it now.
        entry = replace(live, beside=beside.noted(self.releases.beside()))
        if entry != live:
            self.releases.record(entry.line())
        return entry

    def _new(self, facts: Facts, image: Candidate, options: Options) -> NewRelease:
        taken = [*self.releases.all(), *(entry.release for entry in facts.entries)]
        name, counts = ledger.new_release(taken, time.time()), replicas(facts, options)
        return NewRelease(name, image.reference, image.user, scale(facts, options), counts, options.bake)

    def _entry(self, facts: Facts, image: Candidate, new: NewRelease, options: Options) -> Entry:
        what = f"{ledger.ROTATE} {options.rotation.name}" if options.rotation else ledger.DEPLOY
        return Entry(
            event=ledger.new_event(), what=what, release=new.id, image=image.reference, image_id=image.id,
            digest=image.digest, schema=image.schema, settings=facts.settings, scale=new.scale, by=who(),
            began=ledger.now(), definition=facts.definition, replicas=dict(new.replicas),
        )  # fmt: skip

    def _prepare(self, facts: Facts, options: Options) -> dict[str, Any]:
        # Has the database migrated and a proxy there; returns what the ledger has to know of that.
        self.releases.keep_salt(facts.salt)
        if self.before:
            self.before.make_room()
        database = self.deployment.database
        (database.recreate if recreates(facts, options) else database.start)()
        self.deployment.companions.start(facts.companions, self.port, late=False)
        if (facts.role if facts.database else self._role()) in SUPERUSERS:
            superuser.give_over(self.checkout, self.deployment, self.environment.settings.database)
        found: dict[str, Any] = {}
        pending = not options.rotation and (not facts.schema or facts.schema.apply)
        if self.checkout.project.migrations and pending:
            wanted = migrate.Options(no_backup=options.no_backup)
            found = migrate.apply(self.checkout, self.environment, self.deployment, wanted).noted
        self.deployment.companions.start(facts.companions, self.port, late=True)
        if facts.proxy == "start" and not facts.moves:
            self._start_proxy(facts)
        return found

    def _start_proxy(self, facts: Facts) -> None:
        if self.before:
            self.before.give_ports()
        self.releases.proxy.start(facts.configuration[1], self.port)
