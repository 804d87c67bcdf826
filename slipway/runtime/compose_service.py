"""The service on a Docker Engine in development: its container, started in place."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.engine import attached, containers, images
from slipway.engine.containers import Container
from slipway.engine.stack import SERVICES as DEFINED
from slipway.engine.stack import Stack
from slipway.project import labels
from slipway.project.checkout import Checkout
from slipway.runtime import LiveRelease, State, companions, mounts
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, MIGRATE, no_tty, with_variables
from slipway.runtime.release import SERVICES, WEB
from slipway.runtime.reload import answers, told_to_go_on
from slipway.runtime.stacks import READY, check_port, live_releases, state
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
    def services(self) -> Sequence[str]:
        """The services of the Compose files that it is."""
        return SERVICES

    @property
    def _own(self) -> list[Container]:
        # Its containers, running or not.
        return [one for one in map(self.stack.container, self.services) if one]

    @property
    def release(self) -> str:
        """The image that this tree is, or will be, built as."""
        return self.image.tag

    def running(self) -> str:
        """Return the image of the running service, or ""."""
        return next((one.image for one in self._own if one.running), "")

    def version(self) -> str:
        """Return the version that the running image was built as."""
        return next((one.labels.get(labels.VERSION, "") for one in self._own if one.running), "")

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
        own = [*self._own, *([self.stack.container(DATABASE)] if self.environment.settings.own_database else [])]
        if not (self._own and all(one and one.ready for one in own) and self.answers()):
            return False
        config = self.config(port)
        beside = companions.look(self.stack, services := json.loads(config)["services"], companions.named(services))
        return not beside.absent and known == self._described(self._own, config)

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port."""
        if self.port() != port:
            check_port(self.checkout.shell, port, LOOPBACK)

    def live(self) -> list[LiveRelease]:
        """Return what runs, as its image's labels say."""
        return live_releases([one for one in self._own if one.running])

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
            self.note(port)
            step.detail = f"{self.stack.name}: gunicorn, ready"

    def note(self, port: int) -> None:
        """Note what was started."""
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.record.write_text(json.dumps(self._described(self._own, self.config(port))))

    def state(self) -> State:
        """Return its state."""
        found = state(self.stack.container(WEB))
        return replace(found, state="not ready") if found.state == READY and not self.answers() else found

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

    def _described(self, own: Sequence[Container], config: str) -> dict[str, str]:
        fingerprint = hashlib.sha256(f"{config}{self.image.inputs}".encode()).hexdigest()
        return {"container": " ".join(one.id for one in own), "fingerprint": fingerprint}
