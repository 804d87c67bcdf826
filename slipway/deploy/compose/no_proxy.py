"""What stands in the proxy's place where a release has no web: nobody is led anywhere."""

from slipway.core.errors import Problem
from slipway.deploy.compose.groups import grouped
from slipway.deploy.compose.notes import FLIPPED, LIVE
from slipway.deploy.compose.surroundings import Surroundings
from slipway.runtime.release import Answers, Look, Pointer, Release, of_host


class NoProxy(Surroundings):
    """No proxy: see `runtime.releases.Proxy`. There is nothing to start, to tell or to ask."""

    said = ""
    port = None

    def sharing(self) -> str:
        """Choose nothing: no client comes."""
        return ""

    def change(self, port: int) -> str:
        """Return "": nothing is done."""
        return ""

    def ports(self) -> list[int]:
        """Return none."""
        return []

    def exists(self) -> bool:
        """Tell whether there is what a proxy would be made with: whether anything was deployed."""
        return bool(grouped(self.stack.containers))

    def wanted(self) -> str:
        """Return no configuration."""
        return ""

    def check(self, configuration: str, port: int) -> None:
        """Find nothing wrong."""

    def start(self, configuration: str, port: int) -> None:
        """Start nothing."""

    def revive(self) -> bool:
        """Start nothing: all of it that there is runs."""
        return True

    def load(self, configuration: str) -> None:
        """Tell nobody."""

    def ask(self, release: str, path: str) -> tuple[bool, str]:
        """Return that nobody answers."""
        return False, ""

    def answered_by(self, path: str) -> str:
        """Return that nobody answers."""
        return ""

    def look(self) -> Look:
        """Return which release is live: "" when that cannot be told just now. Nobody gets an answer."""
        try:
            live, by = self.files.read(LIVE, FLIPPED)
        except Problem:
            return Look(Answers(), Pointer())
        return Look(Answers(), Pointer(of_host(live), by))

    def connections(self, release: Release) -> int | None:
        """Return 0: no client is connected."""
        return 0
