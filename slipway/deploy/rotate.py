"""`inv rotate` of a deployment: what is changed before a release is started with another secret, and after."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from slipway.core.errors import Problem
from slipway.core.signals import uninterrupted
from slipway.core.sources import source
from slipway.deploy import ledger, settings
from slipway.project.checkout import Checkout
from slipway.project.database import PASSWORD, Database
from slipway.project.rotation import Step
from slipway.runtime import Deployment, password
from slipway.runtime.environment import Environment
from slipway.runtime.password import Password
from slipway.runtime.releases import Releases
from slipway.schema.words import in_environment


class Rotation:
    """A step of a secret's rotation, in one deployment.

    A database has one password for a role. While releases replace each other, the one that was started with the old
    password is let in by its addresses (on a Swarm, by its network): it may connect anew, and be gone back to. Every
    release has a file with the password, which is another one before any of them is started again.
    """

    def __init__(self, checkout: Checkout, environment: Environment, deployment: Deployment, step: Step | None) -> None:
        self.checkout = checkout
        self.environment = environment
        self.settings = environment.settings
        self.deployment = deployment
        self.releases: Releases = deployment.releases
        self.step = step
        self._take_back: Callable[[], None] | None = None
        self._is_changed = False
        self._stale: list[str] = []  # releases that have an old value where it cannot be changed

    def prepare(self) -> None:
        """Write what is new into .env, and have the database's password changed if it is that one; raises Problem."""
        if not self.step:
            return
        if PASSWORD in self.step.values:
            self._change_password(self.step.values)
            return
        self._note_stale([self.settings.values.get(name, "") for name in self.step.own])
        self._take_back = self.settings.change(self.step.values)

    @contextlib.contextmanager
    def kept_if_live(self, release: str) -> Iterator[None]:
        """Take back what can be if this release doesn't come to be live; say what cannot."""
        try:
            yield
        except BaseException as error:
            if not self._leads_to(release):
                said = self._give_up()
                if isinstance(error, Problem):
                    error.message = f"{error.message}\n{said}".rstrip()
                elif said:
                    self.checkout.steps.say(f"  {in_environment(said, self.environment.name)}")
            raise

    def _leads_to(self, release: str) -> bool:
        try:
            return self.releases.pointer().release == release
        except Problem:  # nobody can tell: nothing is taken back
            return True

    def _give_up(self) -> str:
        if self._take_back:
            self._take_back()
            return ".env is as it was."
        if self._is_changed:
            return (
                f"The database has the {PASSWORD} of {source(PASSWORD)} now; the live release goes on, let in by its "
                f"address, until another one has replaced it: ./inv rotate {PASSWORD}"
            )
        return ""

    def finish(self, live: str) -> None:
        """Let releases that are kept have the new value as well, now that one with it is live; raises Problem."""
        if self.step and self.step.at_once:
            self._renew(self.step.values, live)

    def _change_password(self, values: Mapping[str, str | None]) -> None:
        login, there = self.settings.database, self.releases.all().values()
        self._note_stale([login.password])
        let_in = password.admit(login, self.deployment.database.clients(there))
        with (
            self.checkout.steps.step("password", f"{login.username} has another one, as have all releases"),
            uninterrupted(),
        ):
            take_back = self.settings.change(values)
            if self.deployment.run(let_in).status:
                take_back()
                raise Problem("The live release could not be let in meanwhile (see above). Nothing was changed.")
            self._set(take_back)
            self._is_changed = True
            self._renew({PASSWORD: self.settings.database.password})

    def _set(self, take_back: Callable[[], None]) -> None:
        login = self.settings.database
        if not self.deployment.run(password.change(login)).status:
            return
        settled = not self.deployment.run(password.settle(login)).status
        known = self.deployment.run(password.check(login))
        if known.status or not settled:
            raise Problem(
                f"Whether the database has the new {PASSWORD} cannot be told (see above). It is that of "
                f"{source(PASSWORD)}, and the live release is let in with either. To carry on: "
                f"./inv rotate {PASSWORD} --given"
            )
        if Password(known.output) is Password.OTHER:
            take_back()
            dismiss(self.deployment, login)
            raise Problem(f"{PASSWORD} could not be changed (see above): the database and .env are as they were.")

    def _note_stale(self, old: Sequence[str]) -> None:
        there = self.releases.all().values()
        self._stale = [one.id for one in there if any(one.shows(value) for value in old if value)]

    def _renew(self, values: Mapping[str, str | None], live: str = "") -> None:
        # Whenever they are started, all releases have these from now on; the ledger says so.
        self.releases.renew({name: value or "" for name, value in values.items()})
        remembered, there = self.releases.remembered(), self.releases.all()
        for one in ledger.good(ledger.parse(remembered.ledger)):
            now = settings.renewed(one.settings, values, remembered.salt)
            if one.release in there and now != one.settings:
                self.releases.record(replace(one, settings=now).line())
        for name in self._stale:
            if (stale := there.get(name)) and not stale.at_work and name != live:
                self.releases.remove(stale)
                self.checkout.steps.say(f"  {stale.title} had it as a variable: rolled back to, it is made anew")


def dismiss(deployment: Deployment, database: Database, live: str = "") -> None:
    """Let nobody in without the password any more, and end what others than the live release have open.

    Without a live release, all sessions go on. Raises Problem.
    """
    release = deployment.releases.again(live) if live else None
    if deployment.run(password.dismiss(database, release.connects_from if release else ())).status:
        raise Problem(
            "The release is live. Clients at the address of the one before are still let in without the password (see "
            "above): the next ./inv deploy ends that."
        )
