"""A service without web on a Docker Engine in development: the containers of its processes."""

import contextlib
import json
from collections.abc import Sequence
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.engine import attached
from slipway.project.processes import leading
from slipway.project.variables import with_variables
from slipway.runtime import State, companions, mounts
from slipway.runtime.compose_service import ComposeService
from slipway.runtime.jobs import no_tty
from slipway.runtime.stacks import together


class WeblessService(ComposeService):
    """The processes of one Compose project; its service `web` is what they are like, and is never started."""

    @property
    def services(self) -> Sequence[str]:
        """The services of the Compose files that it is."""
        return list(self.checkout.project.processes)

    def port(self) -> int | None:
        """Return None: nothing listens."""
        return None

    def check_port(self, port: int) -> None:
        """Check nothing: nothing listens."""

    def start(self, port: int, undo: contextlib.ExitStack) -> None:
        """Start all that needs its migrations, as its processes do; raises Problem with the end of a log."""
        config = json.loads(self.config(port))
        mounts.let_write(self.stack, config)
        companions.accompany(self.stack, config["services"], port, True, undo)
        self.note(port)

    def state(self) -> State:
        """Return its state: that of the worst of its processes."""
        return together(self._own)

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the log of a process, or of a one-off or companion."""
        shell, name = self.checkout.shell, process or leading(has_web=False, found=self.services)
        if not process and not self.stack.container(name):
            raise Problem("There is no log: the service was not started. ./inv up")
        attached.show(shell, self.stack.containers, self.stack.name, name, lines, follow)

    def shell(self) -> NoReturn:
        """Open a shell in the container of the first process that runs."""
        one = next((one for one in self._own if one.running), None)
        if not one:
            raise Problem("No process is running: ./inv up")
        sh = with_variables(self.checkout.project, ["sh"])
        self.checkout.shell.become(self.stack.bare("exec", no_tty(), one.service, sh))
