"""PostgreSQL where there is no Docker: a process of this user, or one elsewhere."""

import contextlib

from slipway.core.ports import LOOPBACK
from slipway.project.checkout import Checkout
from slipway.project.database import HOSTNAME, PORT, SUPERUSER, Database
from slipway.runtime import STAYS, State, elsewhere
from slipway.runtime.environment import Environment
from slipway.runtime.postgres import Server


class HostDatabase:
    """PostgreSQL as a process of this user, or a database elsewhere."""

    def __init__(self, checkout: Checkout, environment: Environment, undo: contextlib.ExitStack) -> None:
        self.checkout = checkout
        self.settings = environment.settings
        self.undo = undo
        self.server = Server(environment.state)

    @property
    def where(self) -> dict[str, str]:
        """The variables that say where it is from here; everything else is as .env says."""
        running = self.server.running() if self.settings.own_database else None
        return {HOSTNAME: LOOPBACK, PORT: str(running[1])} if running else {}

    @property
    def client(self) -> dict[str, str]:
        """What PostgreSQL's programs read; raises Problem when there is no database."""
        database = self.settings.database
        running = self.server.running() if self.settings.own_database else None
        found = (database.seen_at(LOOPBACK, running[1]) if running else database).client
        root = found.get("PGSSLROOTCERT", "")
        if root and root != "system":  # the service's own folder is where it is looked for, and not that of the backups
            found["PGSSLROOTCERT"] = str(self.checkout.root / root)
        return found

    @property
    def superuser(self) -> dict[str, str]:
        """What PostgreSQL's programs read, for the superuser of the PostgreSQL that Slipway runs, while it does."""
        running = self.server.running()
        return Database(
            SUPERUSER, self.server.roles.password, "postgres", LOOPBACK, running[1] if running else 0
        ).client

    def running(self) -> bool:
        """Tell whether it runs; one elsewhere does."""
        return not self.settings.own_database or bool(self.server.running())

    def start(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere."""
        if not self.settings.own_database:
            if self.server.running():
                self.checkout.steps.note("database", f"is elsewhere; the one on this host goes on: {STAYS}")
            return
        with self.checkout.steps.step("database") as step:
            if not self.server.running():
                self.undo.callback(self.server.stop)
            port = self.server.start(self.settings.database, self.settings.database.port)
            step.detail = f"PostgreSQL {self.server.major} on {LOOPBACK}:{port}"
        for remark in self.server.remarks:
            self.checkout.steps.note("database", remark)

    def state(self) -> State:
        """Return its state."""
        if running := self.server.running():
            return State("running", {"process": running[0], "address": f"{LOOPBACK}:{running[1]}"})
        if self.server.is_out_of_sight():
            return State("out of sight", {"why": "it runs in another container, or outside of this one"})
        return State("stopped") if self.settings.own_database else elsewhere(self.settings)
