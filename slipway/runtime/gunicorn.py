"""gunicorn as a process of this user."""

import contextlib
import hashlib
import json
import os
import shlex
from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_address
from typing import NoReturn

import psutil

from slipway import interpreter
from slipway.core import ports, processes
from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.core.signals import uninterrupted
from slipway.core.sources import source
from slipway.image.plan import read_tree
from slipway.project import tags, variables
from slipway.project.checkout import Checkout
from slipway.project.health import GOOD, Answer, ask
from slipway.project.locks.find import ORDER as LOCKS
from slipway.project.revisions import files as revisions
from slipway.project.revisions import heads
from slipway.project.tree import Tree, digest
from slipway.runtime import LiveRelease, State, background, supplied
from slipway.runtime.addresses import asked_at, joined, url
from slipway.runtime.environment import Environment
from slipway.runtime.reload import GOES_ON, RELOADED, wait

Variables = Callable[[], dict[str, str]]
STOP_GRACE = 35  # seconds; longer than gunicorn lets requests finish
ADDRESS = "BIND_ADDRESS"
MOVED = "it was started before this folder was moved: ./inv down, then ./inv up"


class HostService:
    """The service of an environment; `where` are the variables that say where its database is, `seen` all of them."""

    def __init__(self, checkout: Checkout, environment: Environment, where: Variables, seen: Variables) -> None:
        self.checkout = checkout
        self.project = checkout.project
        self.environment = environment
        self.where = where
        self.seen = seen
        self.record = environment.state / "service.json"
        self.log = environment.state / "service.log"

    @cached_property
    def _tree(self) -> Tree:
        return read_tree(self.checkout)

    @cached_property
    def release(self) -> str:
        """The version tag of this tree."""
        return tags.of_tree(self.project.version, self._tree)

    def running(self) -> str:
        """Return the version tag of the running service, or ""."""
        record = processes.load(self.record)
        return record.release if record else ""

    def version(self) -> str:
        """Return the version of what runs: that of its tag."""
        return self.running()

    def port(self) -> int | None:
        """Return the port of the running service, or None."""
        record = processes.load(self.record)
        return record.port if record else None

    def is_current(self, port: int) -> bool:
        """Tell whether what runs is ready, and what would be started.

        In production, whether it is ready: what runs is never replaced.
        """
        record = processes.load(self.record)
        if record and not self.environment.is_dev:
            return self._health(record.port, record.address).status == GOOD
        return bool(
            record
            and record.fingerprint == self._fingerprint(port)
            and (not self.environment.settings.own_database or self.where())
            and self._health(record.port, record.address).status == GOOD
        )

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port, or when this machine does not have the address.

        What a killed server has left behind is ended: it may still listen.
        """
        if not processes.load(self.record):
            processes.stop(self.record, STOP_GRACE)
        if not ports.is_here(self.address):
            raise Problem(_not_here(self.address))
        try:
            if self.port() != port and not ports.is_free(port, self.address):
                raise ports.taken(port, ports.owner(port))
        except PermissionError:
            raise ports.roots(port) from None

    def live(self) -> list[LiveRelease]:
        """Return the release that runs, as it was when it started."""
        record = processes.load(self.record)
        return [LiveRelease(record.release, record.schema)] if record else []

    def prepare(self) -> None:
        """Have its packages installed; say when production has another version than elsewhere."""
        interpreter.service(self.checkout)
        if not self.environment.is_dev and (why := self._tree.miscounts):
            self.checkout.steps.say(f"  {why}")

    def is_prepared(self) -> bool:
        """Return True: it runs from this folder, and whatever runs has its packages installed."""
        return True

    def start(self, port: int, undo: contextlib.ExitStack) -> None:
        """Start it in the background; ready when this returns.

        One that reloads, and needs nothing but a change of its code, is left as it is, and so is what has taken its
        place. Raises Problem, with the last lines of the log, when it doesn't become ready.
        """
        with self.checkout.steps.step("service") as step:
            before = processes.load(self.record)
            if before and self._reloads(before, port):
                self._wait(before, lambda: _gone(before.pid), RELOADED, goes_on=True, again=True)
                step.detail = f"gunicorn, process {before.pid}, ready"
            else:
                self.stop()  # one with other settings
                goes_on = bool(before and self.environment.is_dev)
                if not goes_on:
                    undo.callback(self.stop)
                made, process = self._spawn(port)
                self._wait(made, lambda: _ended(process), self.project.wait, goes_on, again=False)
                step.detail = f"gunicorn, process {process.pid}, ready"
        self._say_for_whom()

    def _reloads(self, record: processes.Record, port: int) -> bool:
        # Whether what runs is what would be started, and answers, if only that its code is broken.
        same = self.environment.is_dev and record.fingerprint == self._fingerprint(port)
        return same and self._health(record.port, record.address).status > 0

    def _spawn(self, port: int) -> tuple[processes.Record, psutil.Popen]:
        overlay, argv = self._overlay(port), supplied.gunicorn_command(self.checkout)
        if self.environment.is_dev and self._tree.nameless:  # of production, `prepare` says it
            self.checkout.steps.say(f"  {self._tree.nameless}")
        self.checkout.steps.command(argv, overlay)
        env = {**os.environ, **self._told, **overlay, **processes.mark(self.record)}
        fingerprint, release, schema = self._fingerprint(port), self.release, heads(self.project)
        with uninterrupted():
            process = processes.spawn(argv, cwd=self.project.root, env=env, log=self.log)
            created, address = process.create_time(), asked_at(self.address)
            made = processes.Record(process.pid, created, port, fingerprint, release, schema, address)
            made.save(self.record)
        return made, process

    def _wait(self, of: processes.Record, ended: Callable[[], str], seconds: int, goes_on: bool, again: bool) -> None:
        if how := wait(lambda: self._health(of.port, of.address), ended, seconds, again):
            on = f" {GOES_ON}" if goes_on and not ended() else ""
            raise Problem(f"{processes.tail(self.log)}\nThe service {how}; its log is {self.log}.{on}")

    def _say_for_whom(self) -> None:
        if not self.environment.is_dev and self.address == LOOPBACK:
            where = f"a proxy with HTTPS goes before it, or {ADDRESS} in {source(ADDRESS)}"
            self.checkout.steps.note("service", f"for this machine alone: {where}")

    def stop(self) -> bool:
        """Stop it; return whether it was running."""
        return processes.stop(self.record, STOP_GRACE)

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the service's log, or that of a process beside it."""
        log = background.log_of(self.environment.state, process) if process else self.log
        if not log.exists():
            raise Problem("There is no log yet: ./inv up starts the service.")
        self.checkout.shell.become(["tail", "-n", str(lines), *(["-F"] if follow else []), str(log)])

    def shell(self) -> NoReturn:
        """Open a shell with the service's environment."""
        argv = shlex.split(os.environ.get("SHELL") or "sh")
        self.checkout.shell.become(argv, env=self.where(), hidden=self._told)

    def state(self) -> State:
        """Return its state."""
        record = processes.load(self.record)
        if not record:
            return State("stopped")
        word = "ready" if self._health(record.port, record.address).status == GOOD else "not ready"
        why = {"why": MOVED} if processes.is_moved(self.record) else {}
        return State(word, {"process": record.pid, "address": url(record.address, record.port), **why})

    @property
    def address(self) -> str:
        """The address that it listens on: this machine's own, unless production has another one; raises Problem."""
        named = "" if self.environment.is_dev else self.environment.settings.values.get(ADDRESS, "")
        try:
            return str(ip_address(named or LOOPBACK))
        except ValueError:
            raise Problem(_not_here(named)) from None

    @property
    def _told(self) -> dict[str, str]:
        return supplied.of_service(self.checkout, self.seen())

    def _overlay(self, port: int) -> dict[str, str]:
        dev, values = self.environment.is_dev, self.environment.settings.values
        return {
            **self.where(),
            "ASGI_APP": self.project.asgi,
            "BIND": joined(self.address, port),
            "WEB_CONCURRENCY": "1" if dev else values.get("WEB_CONCURRENCY") or str(self.project.workers),
            "RELOAD": "1" if dev else "0",
            "APP_VERSION": self.release,
        }

    def _fingerprint(self, port: int) -> str:
        # All that a running service would not notice; its own code it reloads.
        root = self.project.root
        files = [
            "pyproject.toml",
            *LOCKS,
            "gunicorn.conf.py",
            *(str(path.relative_to(root)) for path in revisions(self.project)),
        ]
        told = variables.of_service(self.project, self.seen())
        values = json.dumps([told, port], sort_keys=True)
        return hashlib.sha256(f"{root}{digest(root, files)}{values}".encode()).hexdigest()

    def _health(self, port: int, address: str) -> Answer:
        return ask(address, port, self.project.health, self.project.health_host)


def _gone(pid: int) -> str:
    return "" if processes.exists(pid) else "ended"


def _ended(process: psutil.Popen) -> str:
    return "" if process.poll() is None else f"ended with status {process.returncode}"


def _not_here(named: str) -> str:
    return (
        f"{ADDRESS}={named} in {source(ADDRESS)} is no IP address of this machine, like 127.0.0.1 or, for all of them, "
        "0.0.0.0."
    )
