"""The service on a Docker Engine in development: started in place, through Compose."""

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.core.shell import Ran
from slipway.engine import attached, containers, images
from slipway.engine.containers import PROJECT, Container
from slipway.engine.stack import SERVICES as DEFINED
from slipway.engine.stack import Stack
from slipway.project import labels
from slipway.project.checkout import Checkout
from slipway.runtime import Job, LiveRelease, State, companions, defined, mounts, oneoffs
from slipway.runtime.compose_database import ComposeDatabase
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, MIGRATE, no_tty, with_variables
from slipway.runtime.release import SERVICES, WEB
from slipway.runtime.reload import answers, told_to_go_on
from slipway.runtime.stacks import COLUMNS, READY, check_port, doomed, kept, live_releases, of_other_files, status, stop
from slipway.runtime.tree import TreeImage


class ComposeService:
    """The container `web` of one Compose project."""

    def __init__(self, checkout: Checkout, environment: Environment, stack: Stack, image: TreeImage) -> None:
        self.checkout = checkout
        self.environment = environment
        self.stack = stack
        self.image = image
        self.record = environment.state / "service.json"

    @property
    def release(self) -> str:
        """The image that this tree is, or will be, built as."""
        return self.image.tag

    def running(self) -> str:
        """Return the image of the running service, or ""."""
        web = self.stack.container(WEB)
        return web.image if web and web.running else ""

    def version(self) -> str:
        """Return the version that the running image was built as."""
        web = self.stack.container(WEB)
        return web.labels.get(labels.VERSION, "") if web and web.running else ""

    def port(self) -> int | None:
        """Return the port of the running service, or None."""
        web = self.stack.container(WEB)
        return web.published() if web and web.running else None

    def is_current(self, port: int) -> bool:
        """Tell whether what runs is ready, and what would be started."""
        try:
            known = json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return False
        names = SERVICES if not self.environment.settings.own_database else (*SERVICES, DATABASE)
        if not all(one and one.ready for one in map(self.stack.container, names)) or not self.answers():
            return False
        config = self.config(port)
        beside = companions.look(self.stack, services := json.loads(config)["services"], companions.named(services))
        return not beside.absent and known == self._described(self.stack.container(WEB), config)

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port."""
        if self.port() != port:
            check_port(self.checkout.shell, port, LOOPBACK)

    def live(self) -> list[LiveRelease]:
        """Return what runs, as its image's labels say."""
        webs = [one for one in self.stack.containers if one.service == WEB and one.running and not one.is_one_off]
        return live_releases(webs)

    def prepare(self) -> None:
        """Build the image when what goes into it has changed; raises Problem before, for what its user may not read."""
        closed = mounts.is_any_closed(self.checkout.root)
        if closed and not self.is_prepared():
            file = self.checkout.root / "Dockerfile"
            self._check_mounts(mounts.user_of(file.read_text(encoding="utf-8")) if file.exists() else "")
        self.image.prepare()
        if closed:
            self._check_mounts(images.existing(self.checkout.shell, self.image.tag).user)

    def is_prepared(self) -> bool:
        """Tell whether the image is built of what goes into it now."""
        return self.image.is_built()

    def start(self, port: int, undo: contextlib.ExitStack) -> None:
        """Start it; ready when this returns. Raises Problem with the last lines of its log."""
        with self.checkout.steps.step("service", "gunicorn, ready") as step:
            if not (was_up := self.port() is not None):
                undo.callback(self.stack.quietly, "rm", "--stop", "--force", *SERVICES)
            mounts.let_write(self.stack, json.loads(self.config(port)))
            up = self.stack.compose("up", "--detach", "--no-deps", "--no-build", SERVICES)
            self.checkout.shell.quietly(up, env=self.stack.env(port), failed="The service could not be started.")
            for service in SERVICES:
                with told_to_go_on(lambda: was_up and self.stack.runs(WEB)):
                    self.stack.wait(service)
            self.record.write_text(json.dumps(self._described(self.stack.container(WEB), self.config(port))))
            step.detail = f"{self.stack.name}: gunicorn, ready"

    def logs(self, follow: bool, lines: int, process: str = "") -> NoReturn:
        """Show the service's log, or that of a one-off."""
        if process:
            attached.show(self.checkout.shell, self.stack.containers, self.stack.name, process, lines, follow)
        web = self.stack.container(WEB)
        if not web:
            raise Problem("There is no log: the service was not started. ./inv up")
        self.checkout.shell.become(containers.logs_command(web.name, lines, follow), merged=True)

    def shell(self) -> NoReturn:
        """Open a shell in the service's container."""
        self.stack.need(WEB)
        self.checkout.shell.become(
            self.stack.bare("exec", no_tty(), WEB, with_variables(self.checkout.project, ["sh"]))
        )

    def answers(self) -> bool:
        """Tell whether it is ready now, and not at its engine's last look."""
        return answers(self.checkout.shell, self.checkout.project, self.port())

    def _check_mounts(self, user: str) -> None:
        config = json.loads(self.config(0))
        mounts.check(self.checkout.root, mounts.mounted(config, (*SERVICES, MIGRATE), user))

    def config(self, port: int) -> str:
        """Return what the Compose files define, as JSON."""
        return self.checkout.shell.output(self.stack.compose(*DEFINED), env=self.stack.env(port))

    def _described(self, web: Container | None, config: str) -> dict[str, str | None]:
        fingerprint = hashlib.sha256(f"{config}{self.image.inputs}".encode()).hexdigest()
        return {"container": web.id if web else None, "fingerprint": fingerprint}


class ComposeRuntime:
    """Containers of one Compose project, whose service is started in place."""

    name = "docker"
    to_replace = ": ./inv down, then ./inv up"
    releases = None

    def __init__(self, checkout: Checkout, environment: Environment, undo: contextlib.ExitStack) -> None:
        self.checkout = checkout
        self.environment = environment
        self.undo = undo
        image = TreeImage(checkout, dev=True)
        self.stack = Stack(checkout.shell, checkout.project, environment.name, lambda: {"IMAGE": image.tag})
        self.service = ComposeService(checkout, environment, self.stack, image)
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
        found = status(self.stack, self.environment, self.stack.container(WEB))
        if found["service"].state == READY and not self.service.answers():
            found["service"] = replace(found["service"], state="not ready")
        return found | companions.states(self.stack)

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
