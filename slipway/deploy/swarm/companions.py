"""The companions of a deployment on a Swarm: they go on while releases come and go."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.swarm import names, render
from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.home import Home
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.surroundings import Definitions
from slipway.deploy.swarm.wait import until_running
from slipway.engine.swarm.objects import CONFIGS, SECRETS
from slipway.engine.swarm.specs import is_so
from slipway.runtime import State, companions
from slipway.runtime.beside import Companions


class SwarmCompanions:
    """The companions of a deployment; `others` are a release's services."""

    def __init__(
        self, parts: Parts, files: Files, definitions: Definitions, home: Home, others: Callable[[], Collection[str]]
    ) -> None:
        self.parts, self.files, self.definitions, self.home, self.others = parts, files, definitions, home, others
        self.shell = definitions.stack.shell

    def look(self, port: int, anew: Sequence[str]) -> Companions:
        """Look how they are, and which of them are to be made anew; raises Problem for one that there isn't."""
        services = self.definitions.services(port)
        found = companions.named(services, self.others())
        if unknown := [one for one in anew if one not in found]:
            known = f"there are {', '.join(found)}" if found else "there are none"
            raise Problem(f"--recreate is for services beside the release, and {unknown[0]} is none: {known}.")
        there = {name: self.parts.find(name) for name in found}
        absent = [name for name, one in there.items() if not one]
        made = {name: one for name, one in there.items() if one}
        wanted = {name: self._spec(name, port, make=False) for name in found}  # which may be a Problem of any of them
        outdated = [name for name, one in made.items() if not is_so(one.spec, wanted[name])]
        return Companions(tuple(found), tuple(absent), tuple(outdated), tuple(anew))

    def start(self, found: Companions, port: int, late: bool) -> None:
        """Start those that are not there, and make others anew: those that need no migration, or, `late`, the others.

        Raises Problem.
        """
        services = self.definitions.services(port)
        behind = companions.late(services, found.names)
        coming = [one for one in found.coming if (one in behind) is late]
        if not coming:
            return
        with self.shell.steps.step("companions", ", ".join(coming)):
            told = {}
            for name in coming:
                self.parts.have_networks(*self.parts.networks_of(self.definitions.config(port), name))
                if keeps(services[name]):
                    self.home.note()
                told[name] = self._spec(name, port)
                self.parts.put(told[name])
            for name in coming:
                until_running(self.parts, name, self.definitions.stack.project.wait, told[name])

    def _spec(self, name: str, port: int, make: bool = True) -> dict[str, Any]:
        deployment, config = self.parts.deployment, self.definitions.config(port)
        asked = self.files.wanted(name, config, make)
        around = Around(
            deployment, names.marks(deployment, names.PART), asked[SECRETS], asked[CONFIGS],
            self.parts.networks_of(config, name), stop_first=True, monitor=1,
            constraints=self.home.constraints() if keeps(config["services"][name]) else (),
        )  # fmt: skip
        return render.service(name, config, around)

    def states(self) -> dict[str, State]:
        """Return the states of those that are there; the Compose files are not read for that."""
        release = {*self.others()} | {*companions.OWN, names.TRIAL, names.LOCK}
        found = {}
        for one in self.parts.all().values():
            name = one.name.removeprefix(f"{self.parts.deployment}_")
            if name not in release and one.labels.get(names.KIND) == names.PART:
                found[name] = State("running" if self.parts.runs(name) else "stopped")
        return found


def keeps(of: Mapping[str, Any]) -> bool:
    """Tell whether a service keeps data, and so stays where that is: it has a volume."""
    return any(one.get("type") == "volume" for one in of.get("volumes") or ())
