"""The companions of the Compose files on this machine, as far as their programs are here: in the background."""

import contextlib
import getpass
import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from slipway.adopt import yaml
from slipway.core import processes
from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK, free_port
from slipway.core.waiting import wait_until
from slipway.engine import packaged
from slipway.engine.compose import FILES
from slipway.project import companions
from slipway.project.checkout import Checkout
from slipway.project.environments import PROD
from slipway.runtime import State
from slipway.runtime.background import COMPANIONS, GRACE, Background
from slipway.runtime.companions import OWN
from slipway.runtime.environment import Environment


@dataclass(frozen=True)
class Program:
    """What an image has, where it is without Docker.

    `options` come behind its command, `port` is where it listens unless told. `packages` are Debian's and Homebrew's.
    """

    name: str
    options: str
    port: int
    packages: tuple[str, str]


REDIS = "--bind 127.0.0.1 --port {port} --dir {data} --daemonize no"  # https://redis.io/docs/latest/operate/oss_and_stack/management/config/
PROGRAMS = {
    "redis": Program("redis-server", REDIS, 6379, ("redis-server", "redis")),
    "valkey": Program("valkey-server", REDIS, 6379, ("valkey-server", "valkey")),
    "memcached": Program("memcached", "-l 127.0.0.1 -p {port} -u {user}", 11211, ("memcached", "memcached")),
}


@dataclass(frozen=True)
class Way:
    """How a companion is started on this machine: by a command, or why not."""

    command: str = ""
    port: int = 0
    why: str = ""


@dataclass(frozen=True)
class HostCompanions:
    """Those of an environment; `told` are the variables of the service, with the PATH that it has."""

    checkout: Checkout
    environment: Environment
    told: Callable[[], Mapping[str, str]]
    begun: list[psutil.Popen] = field(default_factory=list)  # by this process

    @property
    def background(self) -> Background:
        """Where their records, logs and data are."""
        return Background(self.environment.state / COMPANIONS)

    def ways(self) -> dict[str, Way]:
        """Return how each is started, by its name; raises Problem for a Compose file that cannot be read."""
        declared = self.checkout.project.companions
        found = {name: _way(name, one) for name, one in self._services().items() if name not in declared}
        return found | {name: Way(command) for name, command in declared.items() if command}

    def _services(self) -> dict[str, Mapping[str, Any]]:
        project, found = self.checkout.project, dict[str, Mapping[str, Any]]()
        for file in FILES.get(self.environment.name, FILES[PROD]):
            path = project.root / packaged.where(project) / file
            for name, one in _services(path).items():
                found[name] = {**found.get(name, {}), **one}
        others = {*OWN, *project.processes}
        return {name: one for name, one in found.items() if name not in others and not one.get("profiles")}

    def where(self) -> dict[str, str]:
        """Return the settings that name one that runs, as they are from here."""
        settings, found = self.environment.settings.complete, dict[str, str]()
        for name, record in self.background.running().items():
            found |= companions.seen_at(settings | found, name, LOOPBACK, record.port)
        return found

    def start(self, undo: contextlib.ExitStack) -> bool:
        """Start those that don't run; return whether there were any, and name those that cannot be started.

        Raises Problem with the end of the log.
        """
        begun, running = False, self.background.running()
        absent = {name: way for name, way in self.ways().items() if name not in running}
        if not absent:
            return False
        values, told = self.environment.settings.complete, self.told()
        for name, way in absent.items():
            port = companions.named(values, name)
            why = way.why or ("no setting names it as its host" if port is None else "") or _missing(way, told)
            if why:
                self.checkout.steps.note(name, f"not started: {why}")
                continue
            begun = True
            with self.checkout.steps.step(name) as step:
                undo.callback(self.stop, name)
                step.detail = self._start(name, way, self._port(name, port or way.port), told)
        return begun

    def _port(self, name: str, wanted: int) -> int:
        # The same as before, which what runs may have been told, if it is free.
        file = self._kept(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = file.read_text() if file.exists() else ""
        port = free_port(int(kept) if kept.isdigit() else wanted)
        file.write_text(str(port))
        return port

    def _start(self, name: str, way: Way, port: int, told: Mapping[str, str]) -> str:
        data, log = self.data(name), self.background.log(name)
        data.mkdir(parents=True, exist_ok=True)
        filled = {"port": str(port), "data": str(data), "user": _user()}
        first, *rest = (_filled(word, filled) for word in shlex.split(way.command))
        command = [shutil.which(first, path=told["PATH"]) or first, *rest]
        self.checkout.steps.command(command)
        self.begun.append(process := self.background.start(name, command, data, {}, port=port))
        wait_until(lambda: _listens(process, port), lambda: process.poll() is None, self.checkout.project.wait)
        if (status := process.poll()) is not None:
            raise Problem(f"{processes.tail(log)}\n{name} ended with status {status}; its log is {log}.")
        if not _listens(process, port):
            wait = self.checkout.project.wait
            raise Problem(f"{processes.tail(log)}\n{name} did not listen on {port} in {wait} s; its log is {log}.")
        return f"{Path(first).name} on {LOOPBACK}:{port}"

    def stop(self, name: str) -> bool:
        """Stop one; return whether it ran."""
        return processes.stop(self.background.record(name), GRACE)

    def stop_all(self) -> None:
        """Stop all of them; their logs and data stay."""
        for name in self.background.names():
            with self.checkout.steps.step(name) as step:
                step.detail = "stopped" if self.stop(name) else "was not running"

    def data(self, name: str) -> Path:
        """Return the folder of one's data."""
        return self.background.folder / name

    def remove(self) -> None:
        """Delete their data, and forget their ports."""
        for name in self.background.names():
            shutil.rmtree(self.data(name), ignore_errors=True)
            self._kept(name).unlink(missing_ok=True)

    def _kept(self, name: str) -> Path:
        return self.background.folder / f"{name}.port"

    def volumes(self) -> list[Path]:
        """Return the folders of their data."""
        return [folder for name in self.background.names() if (folder := self.data(name)).exists()]

    def states(self) -> dict[str, State]:
        """Return the state of each."""
        running = self.background.running()
        found = {name: State("stopped", {"why": way.why} if way.why else {}) for name, way in self.ways().items()}
        return found | {
            name: State("running", {"process": one.pid, "address": f"{LOOPBACK}:{one.port}"})
            for name, one in running.items()
        }


def _services(path: Path) -> dict[str, Mapping[str, Any]]:
    if not path.exists():
        return {}
    try:
        document = yaml.load(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Problem(f"{path.name} cannot be read: {error}.") from None
    found = document.get("services") if isinstance(document, dict) else None
    return {name: one for name, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


def _way(name: str, service: Mapping[str, Any]) -> Way:
    image = str(service.get("image") or "a Dockerfile of its own")
    program = PROGRAMS.get(image.partition("@")[0].rpartition("/")[2].partition(":")[0])
    words = _words(service.get("command") or [])
    declare = f'[tool.slipway.{companions.KEY}] {name} = "COMMAND that listens on {{port}}"'
    if not program:
        return Way(why=f"how {image} runs without Docker is not known: {declare}")
    others = [word for word in words if "$" in word or word.startswith("/")]  # Compose's variables, and its files
    if (words and words[0] != program.name) or others or service.get("entrypoint"):
        return Way(why=f"its command in the Compose file is for its container: {declare}")
    return Way(f"{shlex.join(words or [program.name])} {program.options}", program.port)


def _words(said: Any) -> list[str]:
    # One that no shell could split is taken as a whole, and is no program's then.
    try:
        return shlex.split(said) if isinstance(said, str) else [str(one) for one in said]
    except ValueError:
        return [str(said)]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, it may have no name
        return str(os.getuid())


def _missing(way: Way, told: Mapping[str, str]) -> str:
    # What to do where the program is not here.
    first = shlex.split(way.command)[0]
    if shutil.which(first, path=told["PATH"]):
        return ""
    known = next((one.packages for one in PROGRAMS.values() if one.name == first), None)
    how = f" (Debian: sudo apt install {known[0]}; macOS: brew install {known[1]})" if known else ""
    return f"{first} is not on PATH: install it{how}, or let the settings name one elsewhere"


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _listens(process: psutil.Popen, port: int) -> bool:
    # It itself, or what it has started: another checkout's may have taken the port meanwhile.
    with contextlib.suppress(psutil.Error):
        found = (each for one in processes.family(process.pid) for each in one.net_connections("tcp"))
        return any(each.status == psutil.CONN_LISTEN and each.laddr[1:2] == (port,) for each in found)
    return False
