"""The processes of [tool.slipway.processes] on this machine: in the background, each with a log of its own."""

import contextlib
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from slipway.core import processes, runner
from slipway.core.errors import Problem
from slipway.core.waiting import wait_until
from slipway.project.checkout import Checkout
from slipway.project.processes import Process
from slipway.project.revisions import heads
from slipway.runtime import State
from slipway.runtime.background import PROCESSES, Background
from slipway.runtime.environment import Environment

SETTLED = 1.0  # seconds after which one that is up has not died at once
GRACE = 35  # seconds to finish what one is at, as web has
MORE = 5  # seconds for what watches it


@dataclass(frozen=True)
class HostProcesses:
    """Those of an environment; `told` are the variables of the service, `here` is how a command is spelled here."""

    checkout: Checkout
    environment: Environment
    told: Callable[[], dict[str, str]]
    here: Callable[[Sequence[str]], list[str]]
    begun: list[psutil.Popen] = field(default_factory=list)  # by this process

    @property
    def background(self) -> Background:
        """Where their records and logs are."""
        return Background(self.environment.state / PROCESSES)

    def wanted(self) -> Iterator[tuple[str, Process]]:
        """Give those that there are to be, by name; in development one of each."""
        for name, one in self.checkout.project.processes.items():
            if one.command:
                for number in range(1, 1 + (1 if self.environment.is_dev else max(one.replicas, 1))):
                    yield (name if number == 1 else f"{name}-{number}"), one

    def start(self, undo: contextlib.ExitStack) -> bool:
        """Start those that don't run; return whether there were any. Raises Problem with the end of the log.

        In development, those with other settings as well, and those that are not wanted any more are stopped.
        """
        told, wanted, begun = self.told(), dict(self.wanted()), False
        for name in self.background.running().keys() - wanted.keys() if self.environment.is_dev else ():
            self.stop(name)
        for name, one in wanted.items():
            fingerprint = self._fingerprint(one, told)
            if self._is_current(name, fingerprint):
                continue
            begun = True
            with self.checkout.steps.step(name) as step:
                self.stop(name)  # one with other settings, or what was left of one
                undo.callback(self.stop, name)
                self.begun.append(process := self._spawn(name, one, told, fingerprint))
                self._wait(name, one, process, told)
                step.detail = f"process {process.pid}"
        return begun

    def _is_current(self, name: str, fingerprint: str) -> bool:
        # What runs in production is never replaced.
        record = processes.load(self.background.record(name))
        if not record or self._idle(record.pid):
            return False
        return not self.environment.is_dev or record.fingerprint == fingerprint

    def _spawn(self, name: str, one: Process, told: dict[str, str], fingerprint: str) -> psutil.Popen:
        lock = self.environment.state / PROCESSES / f"{name}.lock" if one.single else ""
        root, project = self.checkout.root, self.checkout.project
        watched = [str(root / folder) for folder in project.pythonpath or (".",)] if self.environment.is_dev else []
        command = self.here(one.argv)
        if lock or watched:
            program = [sys.executable, "-I", str(Path(runner.__file__)), str(_grace(one)), str(lock)]
            command = [*program, *command]
        self.checkout.steps.command(command)
        env = {**told, runner.WATCHED: os.pathsep.join(watched)}
        release, schema = told.get("APP_VERSION", ""), heads(project)
        return self.background.start(name, command, root, env, fingerprint, release, schema)

    def _wait(self, name: str, one: Process, process: psutil.Popen, told: dict[str, str]) -> None:
        seconds = self.checkout.project.wait if one.health else SETTLED
        healthy = self.here(shlex.split(one.health)) if one.health else []

        def is_well() -> bool:
            return bool(healthy) and self.checkout.shell.probe(healthy, hidden=told)[0] == 0

        wait_until(lambda: process.poll() is not None or is_well(), lambda: True, seconds)
        log = self.background.log(name)
        if (status := process.poll()) is not None:
            raise Problem(f"{processes.tail(log)}\n{name} ended with status {status}; its log is {log}.")
        if healthy and not is_well():
            raise Problem(f"{processes.tail(log)}\n{name} was not well in {seconds} s; its log is {log}.")

    def stop(self, name: str) -> bool:
        """Stop one, with the seconds that it has; return whether it ran."""
        one = self.checkout.project.processes.get(name) or dict(self.wanted()).get(name)
        return processes.stop(self.background.record(name), (_grace(one) if one else GRACE) + MORE)

    def stop_all(self) -> None:
        """Stop all of them; their logs stay."""
        for name in self.states():
            with self.checkout.steps.step(name) as step:
                step.detail = "stopped" if self.stop(name) else "was not running"

    def states(self) -> dict[str, State]:
        """Return the state of each."""
        return {name: self._state(name) for name in dict.fromkeys([*dict(self.wanted()), *self.background.running()])}

    def _state(self, name: str) -> State:
        pid = self.background.process(name)
        if not pid:
            return State("stopped")
        if self._idle(pid):
            return State("stopped", {"why": "it ended, and starts again when its code changes", "process": pid})
        return State("running", {"process": pid})

    def _idle(self, pid: int) -> bool:
        # Whether what restarts it waits for a change.
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if runner.__file__ in process.cmdline():
                return not any(processes.is_alive(child) for child in process.children())
        return False

    def _fingerprint(self, one: Process, told: dict[str, str]) -> str:
        text = json.dumps([vars(one), told], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _grace(one: Process) -> int:
    return one.stop_timeout or GRACE
