"""The database on a Docker Engine in development."""

import contextlib

from slipway.engine.stack import Stack
from slipway.runtime import STAYS, password
from slipway.runtime.bring_over import bring_over
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import DATABASE, ComposeJobs


class ComposeDatabase:
    """The container `db` of one Compose project, or a database elsewhere."""

    def __init__(self, environment: Environment, stack: Stack, undo: contextlib.ExitStack) -> None:
        self.environment = environment
        self.stack = stack
        self.undo = undo
        self.jobs = ComposeJobs(stack, environment.settings)

    def running(self) -> bool:
        """Tell whether it runs; one elsewhere does."""
        return not self.environment.settings.own_database or self.stack.runs(DATABASE)

    def start(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere."""
        if not self.environment.settings.own_database:
            if self.stack.runs(DATABASE):
                self.stack.shell.steps.note("database", f"is elsewhere; {self.stack.name}'s own goes on: {STAYS}")
            return
        with self.stack.shell.steps.step("database", "PostgreSQL, healthy"):
            if not self.running():
                self.undo.callback(self.stack.quietly, "stop", DATABASE)
            before = self.stack.container(DATABASE)
            up = self.stack.compose("up", "--detach", DATABASE)
            self.stack.shell.quietly(up, env=self.stack.env(), failed="The database could not be started.")
            self.stack.wait(DATABASE)
            now = self.stack.container(DATABASE)
        if not (before and before.running and now and now.id == before.id):
            bring_over(self.stack.shell.steps, self.environment.settings.database, self.jobs.run)
            password.take_over(self.stack.shell.steps, self.environment.settings.database, self.jobs.run)
