"""A service without web on this machine: its processes are all that there is of it."""

import contextlib
from collections.abc import Callable, Mapping
from typing import NoReturn

from slipway.core import processes
from slipway.core.errors import Problem
from slipway.project.checkout import Checkout
from slipway.project.processes import leading
from slipway.runtime import LiveRelease, State
from slipway.runtime.background import PROCESSES, Background
from slipway.runtime.environment import Environment
from slipway.runtime.gunicorn import HostService, Variables


class WeblessHostService(HostService):
    """The processes of an environment, started by `HostProcesses`; `states` are how they are, by name."""

    def __init__(
        self,
        checkout: Checkout,
        environment: Environment,
        where: Variables,
        seen: Variables,
        states: Callable[[], Mapping[str, State]],
    ) -> None:
        super().__init__(checkout, environment, where, seen)
        self.states = states

    @property
    def _alive(self) -> list[processes.Record]:
        return list(Background(self.environment.state / PROCESSES).running().values())

    def running(self) -> str:
        """Return the version tag of what runs, or ""."""
        return next((one.release for one in self._alive), "")

    def port(self) -> int | None:
        """Return None: nothing listens."""
        return None

    def is_current(self, port: int) -> bool:
        """Tell whether they run; in development, what of them is to be started anew `HostProcesses` knows."""
        if self.environment.is_dev:
            return bool(self._alive) and (not self.environment.settings.own_database or bool(self.where()))
        return self.state().state == "running"

    def check_port(self, port: int) -> None:
        """Check nothing: nothing listens."""

    def live(self) -> list[LiveRelease]:
        """Return the releases that run, as they were when they started."""
        return list(dict.fromkeys(LiveRelease(one.release, one.schema) for one in self._alive))

    def start(self, port: int, undo: contextlib.ExitStack) -> None:
        """Start nothing, as what there is comes after it; raises Problem when there is nothing."""
        found = self.project.processes
        if not any(one.command for one in found.values()):
            listed = ", ".join(found)
            raise Problem(
                f"{listed} of [tool.slipway.processes] has no command, which is what runs where Docker doesn't."
            )

    def stop(self) -> bool:
        """Stop nothing: `HostProcesses` does."""
        return False

    def state(self) -> State:
        """Return its state: running, where all of them do."""
        found = self.states()
        if not (runs := [name for name, one in found.items() if one.state == "running"]):
            return State("stopped")
        ended = [name for name in found if name not in runs]
        return State("not ready", {"why": f"{', '.join(ended)} ended"}) if ended else State("running")

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the log of a process; raises Problem where it isn't said of which."""
        super().logs(follow, lines, process or leading(has_web=False, found=list(self.project.processes)))
