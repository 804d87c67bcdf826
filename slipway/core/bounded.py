"""Programs that are somebody's own: each in a group of its own, which ends with it, or once its time is over."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial

from slipway.core.errors import Problem
from slipway.core.limits import SOON, Limit
from slipway.core.programs import ended, started, status_of
from slipway.core.pythons import own_first
from slipway.core.relay import ERR, relayed
from slipway.core.shell import Shell
from slipway.core.signals import doomed
from slipway.core.waiting import wait_until


def run(shell: Shell, argv: Sequence[str], env: Mapping[str, str], seconds: float) -> int | None:
    """Run a program with these variables alone; return its status, None when it was ended as its time was over.

    It reads nothing. What it prints goes to standard error as it comes, without secrets. Nothing of its group outlives
    it. It doesn't hold what the shell's own programs hold: a daemon that it leaves would keep a lock. Raises Problem
    when it cannot be started.
    """
    given = {**env, **own_first(argv, env)}
    with relayed(shell.steps) as relay:
        shown = relay.end(ERR)
        start = partial(
            started, argv, apart=True, cwd=shell.root, env=given, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown
        )  # fmt: skip
        group = 0
        try:
            with ended(start, limit=Limit(seconds)) as process:
                group = process.pid
                with doomed(partial(_tell, group, signal.SIGKILL)):
                    relay.started()
                    process.wait(seconds)
            return status_of(process)
        except subprocess.TimeoutExpired:
            return None
        except (OSError, ValueError) as error:  # what is no program, or cannot be given to one
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Problem(f"{argv[0]} cannot be started: {why}.") from None
        finally:
            if group:
                _end(group)


def _end(group: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _tell(group, number) or wait_until(lambda: not _tell(group, 0), lambda: True, SOON):
            return


def _tell(group: int, number: int) -> bool:
    # Whether there was anybody to tell.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False
