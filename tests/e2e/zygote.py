"""Runs verbs without importing everything anew for each: as forks of one process that has imported them.

Run as a program in a project's folder, it is that process; a line of JSON tells what to do, and the answer, a status,
is a line as well. The tests' clone is called several hundred times; a third of a second of its own is spared each time.
What is about processes themselves (signals, a launcher, two at once) starts real ones: `Checkout.start`.
"""

import importlib
import json
import os
import pkgutil
import select
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from invoke.main import program

from tests.forks import become

PROGRAMS = ("slipway.schema", "slipway.image.contents", "slipway.bootstrap", "slipway.template.hook")
LIMIT = 600  # seconds for a verb: a release through all gates, on a busy machine


def load() -> None:
    """Import what verbs import."""
    import slipway

    for module in pkgutil.walk_packages(slipway.__path__, "slipway."):
        if not module.name.startswith(PROGRAMS) and not module.name.endswith(".__main__"):
            importlib.import_module(module.name)


def begin(order: dict[str, Any]) -> NoReturn:
    """Be a process that `python -m invoke` has started."""
    argv = ["invoke", *order["args"]]
    become(order["env"], order["out"], order["err"], argv, partial(program.run, argv))


def main() -> None:
    """Fork, and wait for its end, until nobody tells any more."""
    load()
    for line in iter(sys.stdin.readline, ""):
        if not (child := os.fork()):
            begin(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


class Zygote:
    """The process of a project's folder."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.zygote"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, args: tuple[str, ...], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run a verb in a fork of it; return how it ended, and what it said."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        with tempfile.NamedTemporaryFile("r+") as out, tempfile.NamedTemporaryFile("r+") as err:
            stdin.write(json.dumps({"args": args, "env": env, "out": out.name, "err": err.name}) + "\n")
            stdin.flush()
            if not select.select([stdout], [], [], LIMIT)[0]:
                raise subprocess.TimeoutExpired(args, LIMIT, err.read())
            return subprocess.CompletedProcess(args, int(stdout.readline()), out.read(), err.read())

    def end(self) -> None:
        """End it."""
        self.process.communicate()


if __name__ == "__main__":
    main()
