"""Processes of this user beside the service: each has a name, a record and a log of its own."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from slipway.core import processes
from slipway.core.errors import Problem
from slipway.core.programs import unstarted
from slipway.core.signals import uninterrupted

# In the environment's folder: the project's, what `inv run --detach` has started, and what stands beside the service.
FOLDERS = PROCESSES, RUNS, COMPANIONS = "processes", "runs", "companions"
GRACE = 10.0  # seconds after SIGTERM, as Docker gives


@dataclass(frozen=True)
class Background:
    """Those whose records and logs are in a folder."""

    folder: Path

    def record(self, name: str) -> Path:
        """Return where the record of one is."""
        return self.folder / f"{name}.json"

    def log(self, name: str) -> Path:
        """Return where the log of one is."""
        return self.folder / f"{name}.log"

    def start(
        self,
        name: str,
        argv: Sequence[str],
        root: Path,
        env: Mapping[str, str],
        fingerprint: str = "",
        release: str = "",
        schema: str = "",
        port: int = 0,
    ) -> psutil.Popen:
        """Start one, of a release that knows these newest revisions, or that answers on a port.

        Raises Problem when there is no such program.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self.record(name)
        with uninterrupted():
            try:
                process = processes.spawn(
                    argv, cwd=root, env={**os.environ, **env, **processes.mark(record)}, log=self.log(name)
                )
            except OSError as error:
                self.log(name).unlink(missing_ok=True)
                raise unstarted(argv[0], error) from None
            processes.Record(process.pid, process.create_time(), port, fingerprint, release, schema).save(record)
        return process

    def names(self) -> list[str]:
        """Return the names of those that were started, whether or not they still run."""
        return sorted(path.stem for path in self.folder.glob("*.log"))

    def running(self) -> dict[str, processes.Record]:
        """Return the records of those that run, by name."""
        found = {name: processes.load(self.record(name)) for name in self.names()}
        return {name: record for name, record in found.items() if record}

    def process(self, name: str) -> int | None:
        """Return the number of one that runs, or None."""
        record = processes.load(self.record(name))
        return record.pid if record else None

    def remove(self, name: str, grace: float = GRACE) -> None:
        """Stop one, and delete its log."""
        processes.stop(self.record(name), grace)
        for path in (self.record(name), self.log(name)):
            path.unlink(missing_ok=True)


def log_of(state: Path, name: str) -> Path:
    """Return the log of a process or of a one-off, by its name; raises Problem. `state` is the environment's folder."""
    found = (Background(state / folder) for folder in FOLDERS)
    log = next((one.log(name) for one in found if name in one.names()), None)
    if not log:
        raise unknown(name)
    return log


def unknown(name: str) -> Problem:
    """Return the Problem of a name that nothing here has."""
    return Problem(f"No process has the name {name}, and nothing that `inv run --detach` has started. ./inv ps")
