"""One deploy or rollback, from outside: hooks are told of it, and what was shown of it is kept and sent."""

import time
from collections.abc import Callable
from dataclasses import replace

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.core.signals import interrupted
from slipway.core.words import human
from slipway.deploy import ledger, otlp, source
from slipway.deploy.facts import Facts, Options
from slipway.deploy.hooks import Hooks, which
from slipway.deploy.ledger import Entry, Outcome
from slipway.project import values
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment
from slipway.runtime.environment import Environment

STOPPED = "Stopped."


class Attempt:
    """One deploy or rollback; with `hooks`, the project's are run.

    It begins with an entry of the ledger: what is refused before that leaves nothing, and no hook is told.
    """

    def __init__(
        self, checkout: Checkout, environment: Environment, deployment: Deployment, hooks: bool = True
    ) -> None:
        self.checkout = checkout
        self.releases = deployment.releases
        self.hooks = Hooks(checkout, environment.name, self.releases.deployment, hooks)
        self.entry: Entry | None = None

    def before(self, facts: Facts, options: Options) -> None:
        """Run the hooks that come before a deployment; raises Problem when one fails."""
        image = facts.image or source.Candidate(facts.reference, "", "")
        what = f"{ledger.ROTATE} {options.rotation.name}" if options.rotation else ledger.DEPLOY
        entry = Entry("", what, "", image.reference, image.id, ledger.now(), who(), digest=image.digest)
        self.hooks.before(entry, image.version)

    def begin(self, entry: Entry) -> Entry:
        """Note which entry it is of; return that, with whether hooks are run."""
        self.entry = replace(entry, without_hooks=not self.hooks.wanted)
        return self.entry

    def follow(self, work: Callable[[], Entry]) -> Entry:
        """Do it, and what comes after it, however it ends; return what it did. Raises what that raised."""
        try:
            entry = work()
        except BaseException as error:
            if found := self._failed(error):
                self._end(found, self._said(error))
            raise
        if self.entry and self.entry.event == entry.event:
            self._end(entry, "")
        return entry

    def _failed(self, error: BaseException) -> Entry | None:
        # What the ledger has of it, None when it has nothing. When nobody can tell, it was begun.
        if not self.entry:
            return None
        try:
            entries = ledger.parse(self.releases.ledger())
        except Problem:
            entries = [self.entry]
        found = next((one for one in entries if one.event == self.entry.event), None)
        return found and replace(found, reason=found.reason or " ".join(self._said(error).split()))

    def _said(self, error: BaseException) -> str:
        steps = self.checkout.steps
        return steps.shown(str(error.message)).strip() if isinstance(error, Problem) else STOPPED

    def _end(self, entry: Entry, said: str) -> None:
        project, kept = self.checkout.project, self.checkout.steps.log.kept
        version = self._version(entry) if self.hooks.of(which(entry)) or project.deploy.otlp else ""
        try:
            self.hooks.after(entry, version)
        finally:
            self._keep(entry, f"{kept.text}{said}\n" if said else kept.text)
            if project.deploy.otlp:
                lines = [*kept.lines(), *((time.time_ns(), line) for line in said.split("\n") if line)]
                self._send(entry, version, lines)

    def _version(self, entry: Entry) -> str:
        try:
            found = source.find(self.releases.images, entry.image_id)
        except Problem:
            return ""
        return found.version if found else ""

    def _keep(self, entry: Entry, text: str) -> None:
        try:
            try:
                self.releases.keep_log(entry.event, text, any_lock=True)
            except Problem:
                # Within a bake window the lock is the deployment's that was rolled back, which may have ended.
                if not entry.goes_back or entry.outcome != Outcome.LIVE or interrupted() is not None:
                    raise
                with self.releases.lock("rollback", wait=False):
                    self.releases.keep_log(entry.event, text)
        except Problem as problem:
            why = str(problem.message).strip().splitlines()[-1]
            self.checkout.steps.note("log", f"is not kept: {why} Nothing else failed.")

    def _send(self, entry: Entry, version: str, lines: list[tuple[int, str]]) -> None:
        project, steps = self.checkout.project, self.checkout.steps
        of = otlp.Origin(project.name, version, self.hooks.environment)
        body = otlp.request(of, entry, lines)
        given = values.told(project, values.HEADERS)
        steps.secrets.add(*otlp.secrets(given))
        if why := otlp.send(project.deploy.otlp, given, body):
            steps.note("otlp", f"{human(len(body))} of logs were not sent: {why}; that changes nothing")
