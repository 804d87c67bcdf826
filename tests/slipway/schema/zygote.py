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
import traceback
from typing import Any, NoReturn

import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

from slipway.schema import catalogue, guard, losses, trial, turn, upgrading  # noqa: F401

MODULE = "slipway.schema"


def hurry() -> None:
    """Look more often, and pause for less: what is waited for comes soon here."""
    turn.POLL = guard.POLL = 0.02
    upgrading.LONGEST_PAUSE = 0.1


def become(order: dict[str, Any]) -> NoReturn:
    """Be a process that `python -m slipway.schema` has started.

    It ends without tidying up its memory, which takes longer than most commands.
    """
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, path in enumerate((os.devnull, order["out"], order["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = [MODULE, *order["args"]]
    sys.path[0] = order["cwd"]
    status = 1
    try:
        runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        sys.stderr.write(f"{end.code}\n" if isinstance(end.code, str) else "")
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Fork and wait as told, until nobody tells any more."""
    hurry()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        elif not (answer := os.fork()):
            become(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever tells it
    main()
