"""Starts slipway.schema in processes of their own, without importing everything anew for each.

What takes longest is imported once; each command then is a fork of this process. A line of JSON tells what to do; the
answer is a line as well.
"""

import encodings.idna  # noqa: F401  (what is not used here is for the forks)
import json
import os
import runpy
import signal
import sys
from functools import partial
from typing import Any, NoReturn

import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

from slipway.schema import catalogue, guard, losses, revising, trial, turn, upgrading  # noqa: F401
from tests.forks import become

MODULE = "slipway.schema"


def hurry() -> None:
    """Look more often, and pause for less: what is waited for comes soon here."""
    turn.POLL = guard.POLL = 0.02
    upgrading.LONGEST_PAUSE = 0.1


def begin(order: dict[str, Any]) -> NoReturn:
    """Be a process that `python -m slipway.schema` has started."""
    os.chdir(order["cwd"])
    sys.path[0] = order["cwd"]
    run = partial(runpy.run_module, MODULE, run_name="__main__", alter_sys=True)
    become(order["env"], order["out"], order["err"], [MODULE, *order["args"]], run)


def main() -> None:
    """Fork and wait as told, until nobody tells any more."""
    hurry()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        elif not (answer := os.fork()):
            begin(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever tells it
    main()
