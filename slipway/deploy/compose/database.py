"""The database of a deployment, which goes on while releases come and go."""

import time
from collections.abc import Callable, Iterable, Mapping

from slipway.core.errors import Problem
from slipway.core.limits import ASK
from slipway.deploy.compose import labels, tasks
from slipway.deploy.compose.files import write_secrets
from slipway.deploy.compose.network import DatabaseNetwork
from slipway.engine import asked, containers, jobs
from slipway.engine.containers import CONFIG_HASH
from slipway.engine.stack import LOG, Stack
from slipway.project import database
from slipway.runtime.beside import LeftBehind
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, DATABASE_USER
from slipway.runtime.release import Release, host

TRIAL = "/dev/shm/trial"  # noqa: S108  (in its own container, where a trial has its data)


class DeployedDatabase:
    """The container `db` of a deployment, or a database elsewhere.

    `hashes` are those of the services' definitions, for a port.
    """

    def __init__(
        self,
        environment: Environment,
        stack: Stack,
        network: DatabaseNetwork,
        hashes: Callable[[int], Mapping[str, str]],
    ) -> None:
        self.settings = environment.settings
        self.stack = stack
        self.shell = stack.shell
        self.network = network
        self.hashes = hashes

    def running(self) -> bool:
        """Tell whether it runs; one elsewhere does."""
        return not self.settings.own_database or self.stack.runs(DATABASE)

    def start(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere, or runs already."""
        if not self.settings.own_database:
            return
        with self.shell.steps.step("database", "PostgreSQL, healthy") as step:
            if self.running():
                self.stack.wait(DATABASE)
                step.detail += ", running"
                return
            tasks.refuse(self.shell, self.stack.name, self.stack.environment)
            # One that was started without `inv` may have none, and ends again and again.
            self._write_password()
            if (one := self.stack.container(DATABASE)) and one.running:
                self.shell.output(containers.stop_command(one.name), echo=True)
            self._up("--no-recreate")

    def clients(self, releases: Iterable[Release]) -> list[str]:
        """Return the addresses of the containers that run."""
        return [at for one in releases for at in one.connects_from]

    def left_behind(self) -> LeftBehind | None:
        """Return the one that runs here, where the database is elsewhere; None for none."""
        one = self.stack.container(DATABASE)
        if self.settings.own_database or not one or not one.running:
            return None
        mine = f"{database.HOSTNAME}={database.OWN}"
        using = {each.labels.get(labels.RELEASE, "") for each in self.stack.containers if mine in each.env}
        has_web = self.stack.project.has_web
        return LeftBehind(one.name, tuple(host(release) if has_web else release for release in sorted(using - {""})))

    def is_outdated(self, port: int) -> bool:
        """Tell whether it runs in a container that was made of another definition than today's."""
        one = self.stack.container(DATABASE) if self.settings.own_database else None
        if not one or not one.running:
            return False
        return one.labels.get(CONFIG_HASH) != self.hashes(port)[DATABASE]

    def away(self) -> str:
        """Say that it doesn't run any more, and what to do; "" when it does, or is elsewhere."""
        self.stack.forget()
        if self.running():
            return ""
        one = self.stack.container(DATABASE)
        why = f" Why: docker logs --tail 25 {one.name}." if one else ""
        return f"The database does not run any more.{why} The next ./inv deploy starts it."

    def recreate(self) -> None:
        """Make its container anew, as it is defined now, after a trial; raises Problem.

        From the end of the old one until the new one is ready nobody has a database.
        """
        with self.shell.steps.step("trial", "PostgreSQL starts as it is defined now"):
            self._try()
        with self.shell.steps.step("database") as step:
            before = self.stack.container(DATABASE)
            self._write_password()
            began = time.monotonic()
            self._up("--no-deps", "--force-recreate")
            if before:
                self.network.as_before(before.networks)
            step.detail = f"made anew: away for {time.monotonic() - began:.1f} s"

    def _up(self, *options: str) -> None:
        up = self.stack.compose("up", "--detach", *options, DATABASE)
        self.shell.quietly(up, env=self.stack.env(), failed="The database could not be started.")
        self.stack.wait(DATABASE)

    def _try(self) -> None:
        # Elsewhere, on data of its own: it is the definition that is tried.
        shell, name = self.shell, f"{self.stack.name}-{jobs.any_name('trial')}"
        options = ["--detach", "--no-deps", *jobs.made_by(), "--name", name, "--env", f"PGDATA={TRIAL}"]
        try:
            run = self.stack.compose("run", *options, DATABASE)
            shell.output(
                run, env=self.stack.env(), echo=True, failed="PostgreSQL cannot be started as it is defined now."
            )
            if how := containers.wait_for(lambda: containers.look(shell, name), self.stack.project.wait):
                said = containers.last_lines(shell, name, LOG)
                raise Problem(f"{said}\nAs it is defined now, the database {how}. Nothing was changed.")
            made, now = (self._major(one) for one in (self.stack.need(DATABASE).name, name))
            if made != now:
                raise Problem(
                    f"PostgreSQL {made} has made the data, and {now} cannot read it. Nothing was changed. To move it: "
                    "docs/migrations.md"
                )
        finally:
            asked.tidy(shell, containers.remove_command(name, volumes=True))

    def _major(self, container: str) -> str:
        read = containers.exec_command(container, "sh", "-c", 'cat "$PGDATA/PG_VERSION"')
        failed = "Which version of PostgreSQL has made the data could not be told."
        return self.shell.output(read, failed=failed, limit=ASK)

    def _write_password(self) -> None:
        stack = self.stack
        image = stack.image(DATABASE)
        password = {database.PASSWORD: self.settings.database.password}
        marks = labels.of_stack(stack.name, "secrets")
        write_secrets(stack, labels.database_secrets(stack.name), image, DATABASE_USER, password, marks)
