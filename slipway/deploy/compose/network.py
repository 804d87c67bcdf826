"""The network that the database shares with releases and one-offs alone."""

from collections.abc import Callable, Iterable

from slipway.core.shell import Ran
from slipway.deploy.compose.labels import DATABASE_NETWORK, DEFAULT_NETWORK, network_labels
from slipway.engine import asked, networks
from slipway.engine.containers import Container
from slipway.engine.stack import Stack
from slipway.runtime import Job, Where
from slipway.runtime.jobs import DATABASE

# Sessions that came another way than over these networks.
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE client_addr IS NOT NULL AND NOT client_addr <<= ANY (string_to_array(:'networks', ' ')::inet[])"
)


class DatabaseNetwork:
    """The network `database` of compose.prod.yaml.

    Containers of before are on the deployment's default network alone, and stay there; the database is on both for as
    long as there is one of them.
    """

    def __init__(self, stack: Stack, run: Callable[[Job], Ran]) -> None:
        self.stack = stack
        self.shell = stack.shell
        self.run = run

    def name(self, network: str) -> str:
        """Return what a network of the Compose files is called on the engine."""
        return f"{self.stack.name}_{network}"

    def have(self) -> None:
        """Have it, with the database on it if that is here; raises Problem."""
        name, database = self.name(DATABASE_NETWORK), self.stack.container(DATABASE)
        if database and name in database.networks:
            return
        self._make(DATABASE_NETWORK)
        if database and database.running:
            self._join(database, name)

    def have_default(self) -> None:
        """Have the default network of the Compose files, where no proxy was made that brings it; raises Problem."""
        self._make(DEFAULT_NETWORK)

    def admit(self, on: Iterable[Iterable[str]]) -> None:
        """Let containers that are on these networks reach the database; raises Problem."""
        if not self._serves(on):
            self._join_default()

    def as_before(self, networks: Iterable[str]) -> None:
        """Let a container that was made anew be where the one before it was; raises Problem."""
        if self.name(DEFAULT_NETWORK) in networks:
            self._join_default()

    def leave(self, on: Iterable[Iterable[str]]) -> None:
        """Take the database off the default network, unless containers that are on these networks need it there."""
        name, database = self.name(DEFAULT_NETWORK), self.stack.container(DATABASE)
        if database and database.running and name in database.networks and self._serves(on) and not self._is_used():
            asked.tidy(self.shell, networks.disconnect_command(name, database.name))
            self.stack.forget()

    def _make(self, network: str) -> None:
        name = self.name(network)
        if name not in networks.names(self.shell, f"name={name}"):
            marks = network_labels(self.stack.name, network)
            self.shell.output(networks.create_command(name, *marks), failed=f"There is no network {name}.")

    def _serves(self, on: Iterable[Iterable[str]]) -> bool:
        own = {DATABASE_NETWORK, self.name(DATABASE_NETWORK)}
        return all(own & set(each) for each in on)

    def _is_used(self) -> bool:
        # Whether sessions come over another network, or nobody can tell.
        subnets = networks.subnets(self.shell, self.name(DATABASE_NETWORK))
        script = f'echo "{OTHERS}" | psql -XqAt -v networks="$1"'
        return (
            not subnets or self.run(Job(["sh", "-c", script, "sh", " ".join(subnets)], Where.SUPERUSER)).output != "0"
        )

    def _join_default(self) -> None:
        name, database = self.name(DEFAULT_NETWORK), self.stack.container(DATABASE)
        if database and name not in database.networks:
            self._join(database, name)

    def _join(self, database: Container, network: str) -> None:
        command = networks.connect_command(network, database.name, DATABASE)
        self.shell.output(command, echo=True, failed=f"The database could not be joined to the network {network}.")
        self.stack.forget()
