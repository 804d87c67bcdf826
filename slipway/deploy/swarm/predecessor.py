"""A deployment as one engine has it, with Compose, that is a manager of the Swarm by now: it makes room for the latter.

The data stays where it is: both call their volumes the same. Containers are stopped, and nothing of them is removed.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.database import store
from slipway.deploy import ledger, maintenance
from slipway.deploy.compose.deployment import EngineDeployment
from slipway.deploy.compose.labels import PROXY, RELEASE
from slipway.deploy.maintenance import Maintenance
from slipway.deploy.settings import differing
from slipway.deploy.swarm import names
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.pulls import Pulls
from slipway.deploy.swarm.surroundings import Definitions
from slipway.deploy.switch import standing
from slipway.engine import calls, containers
from slipway.engine.compose import ANY
from slipway.engine.containers import Container
from slipway.engine.swarm import nodes
from slipway.runtime import State
from slipway.runtime.jobs import DATABASE
from slipway.runtime.release import Release

MESSAGE = "The service is moving to other machines, and will be back in a minute."
RETRY = 15  # seconds


class EnginePredecessor:
    """See `runtime.predecessor`; `clear` takes away what the Swarm runs of the deployment."""

    def __init__(
        self, old: EngineDeployment, parts: Parts, definitions: Definitions, clear: Callable[[], None]
    ) -> None:
        self.old, self.parts, self.definitions, self.clear = old, parts, definitions, clear
        self.checkout, self.settings = old.checkout, old.settings
        self.shell, self.steps = old.checkout.shell, old.checkout.steps
        old.use(ANY)  # no image of this tree's is asked for
        live = old.releases.live() if self.runs() else None
        self.title = live.image if live else ""

    @property
    def state(self) -> State:
        """What a status tells of it: its image, and how it moves."""
        return State("running", {"image": self.title, "move": "./inv deploy --move --plan --tag VERSION"})

    def runs(self) -> bool:
        """Tell whether anything of it runs."""
        return any(one.running for one in self._all())

    def _all(self) -> list[Container]:
        # All that it is made of, running or not.
        return [one for one in self.old.stack.containers if not one.is_one_off]

    def _around(self) -> list[Container]:
        # The database and the companions.
        return [one for one in self._all() if RELEASE not in one.labels and one.service != PROXY]

    def check(self) -> None:
        """Raise Problem when it cannot make room: somebody is at work, or the Swarm has labels or secrets otherwise."""
        here, of = nodes.here(self.parts.api), self.checkout.project
        if busy := [one.name for one in self.old.stack.containers if one.running and one.is_one_off]:
            raise Problem(
                f"{', '.join(busy)} is at work on one engine, and would lose its database. Wait for its end, or: "
                f"docker stop {' '.join(busy)}. Nothing was changed."
            )
        data = [one for one in nodes.listed(self.parts.api) if one.has(names.DATA_NODE)]
        if data and here.id not in [one.id for one in data]:
            raise Problem(
                f"The data is on {here.name}, and {data[0].name} has the label for it. Nothing was changed. Let it be "
                f"this one's: docker node update --label-rm {names.DATA_NODE} {data[0].name}; docker node update "
                f"--label-add {names.DATA_NODE}=true {here.name}"
            )
        if of.has_web and not here.has(names.PROXY_NODE):
            raise Problem(
                f"Clients come to {here.name}, which would have no proxy any more. Nothing was changed. docker node "
                f"update --label-add {names.PROXY_NODE}=true {here.name}"
            )
        self._check_secrets()

    def _check_secrets(self) -> None:
        known, of = self.old.releases.remembered(), self.checkout.project
        live = ledger.of_release(ledger.parse(known.ledger), known.pointer.release)
        secrets = [name for name in of.secrets if name not in of.sought]
        if other := differing(self.settings.values, live.settings if live else {}, secrets, known.salt):
            raise Problem(
                f"The live release on one engine has other secrets than {of.env_file} has: {', '.join(other)}. Nothing "
                f"was changed. Deploy with the {of.env_file} of who has deployed it, or change them there first."
            )

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock of the one engine; raises Problem when it is another's."""
        with self.old.releases.lock("deploy", wait=False):
            yield

    def prepare(self, backup: bool) -> None:
        """Have images on the nodes, and a backup, while clients go on; raises Problem."""
        pulls = Pulls(self.parts)
        with self.steps.step("nodes", "have the images around it"):
            if self.checkout.project.has_web:
                pulls.have(self.definitions.image, names.PROXY_NODE)
            if self.settings.own_database:
                pulls.have(self.definitions.services(0)[DATABASE]["image"], names.DATA_NODE)
        if backup and self.settings.own_database and self.old.database.running():
            store.make(self.checkout, self.old)

    def make_room(self) -> None:
        """Send clients away, and stop releases, then what is around them; raises Problem."""
        old = self.old
        if self.checkout.project.has_web and not old.releases.maintenance()[0]:
            with self.steps.step("away", "clients get 503"):
                away = Maintenance(ledger.now(), who(), MESSAGE, RETRY)
                old.releases.send_away(away.files(), ())
        with self.steps.step("stop", f"{self.title or 'what runs'} on one engine, kept"):
            for release in old.releases.all().values():
                if release.at_work:
                    old.releases.stop(release)
            self._stop([one for one in self._around() if one.running])

    def _stop(self, found: list[Container]) -> None:
        if found:
            command, limit = containers.stop_command(*(one.name for one in found)), calls.stopping(*_graces(found))
            self.shell.output(command, echo=True, failed="What runs on one engine does not stop.", limit=limit)
            self.old.stack.forget()

    def give_ports(self) -> None:
        """Stop the proxy; raises Problem."""
        with self.steps.step("ports", "the proxy of one engine stops"):
            self._stop([one for one in self._all() if one.service == PROXY and one.running])

    def take_back(self) -> str:
        """Take away what the Swarm has, start all again, and say what is live."""
        names_ = " ".join(one.name for one in self._all())
        try:
            self.clear()
            self.old.stack.forget()
            live = self.old.releases.live()
            with self.steps.step("back", "what ran on one engine"):
                self._start(live)
            said = standing(self.checkout, self.old.releases, live) if live else "No release was live."
            self._let_in()
            return f"On one engine again: {said}"
        except Problem as problem:
            return (
                f"{str(problem.message).strip()}\nWhat ran on one engine is stopped, and there: docker start {names_}."
            )

    def _start(self, live: Release | None) -> None:
        old = self.old
        if around := [one.name for one in self._around()]:
            self.shell.output(containers.start_command(*around), echo=True, limit=calls.starting(len(around)))
            old.stack.forget()
        if self.settings.own_database and old.stack.container(DATABASE):
            old.stack.wait(DATABASE)
        if not live:
            return
        old.releases.resume(live)
        for one in live.web:
            if how := containers.wait_for(partial(containers.look, self.shell, one.id), self.checkout.project.wait):
                raise Problem(f"{one.name} {how}: docker logs {one.name}")
        if live.processes:
            old.releases.resume_processes(old.releases.again(live.id) or live)

    def _let_in(self) -> None:
        # Those whom this has sent away: not those of `inv maintenance`.
        noted = maintenance.parse(self.old.releases.maintenance()[0])
        if noted and noted.message == MESSAGE:
            self.old.releases.let_in()

    def finish(self) -> None:
        """Say what is kept, and how it goes."""
        self._let_in()
        kept = " ".join(one.name for one in self._all())
        self.steps.note("kept", f"what ran on one engine is stopped. Once nobody goes back to it: docker rm {kept}")


def _graces(found: list[Container]) -> list[int | None]:
    return [one.grace for one in found]
