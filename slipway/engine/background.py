"""Calls of the Docker client that go on without this process, whatever becomes of it."""

import subprocess
from collections.abc import Sequence

from slipway.core.limits import Limit
from slipway.core.programs import attend, started
from slipway.core.shell import Shell


class Background:
    """One call, which hears nothing of this process's terminal or end; raises Problem when it cannot be begun."""

    def __init__(self, shell: Shell, argv: Sequence[str]) -> None:
        shell.steps.command(argv)
        null = subprocess.DEVNULL
        self.argv = argv
        self._process = started(argv, apart=True, cwd=shell.root, stdin=null, stdout=null, stderr=null)

    def is_over(self) -> bool:
        """Tell whether it has come to its end."""
        return self._process.poll() is not None

    def wait(self, limit: Limit) -> None:
        """Wait for its end; raises Late."""
        attend(self.argv, self._process.pid, limit, lambda seconds: self._process.wait(timeout=seconds))
