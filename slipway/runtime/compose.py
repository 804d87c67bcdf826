"""The service on a Docker Engine in development: started in place, through Compose."""

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.engine import containers
from slipway.engine.containers import PROJECT
from slipway.engine.stack import Stack
from slipway.project.checkout import Checkout
from slipway.runtime import Job, State, companions, defined, oneoffs
from slipway.runtime.compose_database import ComposeDatabase
from slipway.runtime.compose_service import ComposeService
from slipway.runtime.compose_webless import WeblessService
from slipway.runtime.environment import Environment
from slipway.runtime.stacks import COLUMNS, doomed, kept, of_other_files, status, stop
from slipway.runtime.tree import TreeImage


class ComposeRuntime:
    """Containers of one Compose project, whose service is started in place."""

    name = "docker"
    to_replace = ": ./inv down, then ./inv up"
    no_copies = ""
    releases = None

    def __init__(self, checkout: Checkout, environment: Environment, undo: contextlib.ExitStack) -> None:
        self.checkout = checkout
        self.environment = environment
        self.undo = undo
        image = TreeImage(checkout, dev=True)
        self.stack = Stack(checkout.shell, checkout.project, environment.name, lambda: {"IMAGE": image.tag})
        kind = ComposeService if checkout.project.has_web else WeblessService
        self.service = kind(checkout, environment, self.stack, image)
        self.database = ComposeDatabase(environment, self.stack, undo)
        self.jobs = self.database.jobs

    @property
    def backups(self) -> str:
        """Where the backups are."""
        return self.jobs.backups

    def run(self, job: Job) -> Ran:
        """Run a job in a one-off container."""
        return self.jobs.run(job)

    def become(self, job: Job) -> NoReturn:
        """Let a job take this process's place."""
        self.jobs.become(job)

    def launch(self, argv: Sequence[str], tag: str, detached: bool) -> str:
        """Run a command in this tree's image."""
        self.service.prepare()
        return oneoffs.launch(self.stack, argv, tag, detached)

    def use_programs(self, major: int) -> str:
        """Let jobs beside the database have PostgreSQL's programs of this major version."""
        return self.jobs.use_programs(major)

    def check(self, port: int) -> None:
        """Have its definition read; raises Problem."""
        defined.check(self.stack, port)

    def accompany(self, port: int, late: bool = False) -> None:
        """Start what stands beside the service and needs no migration; `late`, the rest. Raises Problem."""
        companions.accompany(self.stack, json.loads(self.service.config(port))["services"], port, late, self.undo)

    def start(self, port: int) -> None:
        """Start the service, and what needs it; ready when this returns. Raises Problem with the end of a log."""
        self.service.start(port, self.undo)
        if self.checkout.project.has_web:
            self.accompany(port, late=True)

    def resume(self) -> bool:
        """Start nothing: Compose's service is all that there is."""
        return False

    def stop(self, volumes: bool) -> None:
        """Remove the containers; the volumes as well if told to."""
        stop(self.stack, volumes)
        self.service.record.unlink(missing_ok=True)

    def volumes(self) -> list[str]:
        """Name the volumes that `stop(volumes=True)` deletes."""
        return doomed(self.stack)

    def kept(self) -> list[str]:
        """Name the volume of the backups, where it is."""
        return kept(self.stack, self.backups)

    def listing(self) -> NoReturn:
        """Let the engine print the containers, one-offs among them."""
        self.checkout.shell.become(containers.list_command(f"label={PROJECT}={self.stack.name}", form=COLUMNS))

    def status(self) -> dict[str, State]:
        """Return the state of the service and its database."""
        database = status(self.stack, self.environment, None)
        return database | {"service": self.service.state()} | companions.states(self.stack)

    def url(self, port: int) -> str:
        """Return the address of the service."""
        return f"http://localhost:{port}"

    def check_name(self) -> None:
        """Raise Problem when the project's name is another folder's, or that of Compose files that aren't Slipway's.

        It would be that one's data that is migrated, or deleted.
        """
        root = str(self.checkout.root)
        for one in self.stack.containers:
            if theirs := of_other_files(self.checkout.project, one.labels):
                raise Problem(
                    f"The Compose project {self.stack.name!r} is up from {theirs} of your own. For Slipway's to have "
                    'another name, write env-file = ".env.slipway" into [tool.slipway], and into that file: '
                    f"COMPOSE_PROJECT_NAME={self.stack.name}-inv"
                )
            other = one.labels.get(containers.FOLDER, root)
            if os.path.realpath(other) != root:
                there = "Stop it there (./inv down)"
                if not Path(other).exists():
                    there = "There is none on this machine: if it was moved, move it back for a moment (./inv down)"
                raise Problem(
                    f"The Compose project {self.stack.name!r} is up from another folder, {other}. {there}, or name "
                    f"this one: COMPOSE_PROJECT_NAME={self.stack.name}2 in .env."
                )
