"""An environment of the project: its name, its folder, its settings."""

from dataclasses import dataclass
from pathlib import Path

from slipway.project.environments import DEV
from slipway.project.settings import Settings


@dataclass(frozen=True)
class Environment:
    """One environment: its name, the folder of what it leaves here, and its settings."""

    name: str
    state: Path
    settings: Settings

    @property
    def is_dev(self) -> bool:
        """Whether what runs is the working tree itself, and no release."""
        return self.name == DEV

    @property
    def port(self) -> int:
        """The configured port; raises Problem when .env is not in order. Without web, any that Compose can read."""
        project = self.settings.project
        return self.settings.port_of(self.name) if project.has_web else project.port

    @property
    def kept_port(self) -> Path:
        """The file that remembers --port for as long as the service runs."""
        return self.state / "port"
