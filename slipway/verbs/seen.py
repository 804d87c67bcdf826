"""What a verb's session shows to the modules that it is made of."""

from typing import TYPE_CHECKING, Protocol

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project.config import Project
from slipway.project.settings import Settings
from slipway.runtime.choose import Memory
from slipway.runtime.environment import Environment

if TYPE_CHECKING:
    from slipway.deploy.compose.deployment import EngineDeployment
    from slipway.deploy.swarm.deployment import SwarmDeployment
    from slipway.runtime import Runtime

    Deployed = EngineDeployment | SwarmDeployment


class Seen(Protocol):
    """A session: the project as it was `loaded`, and as it is in the environment; see `session.Session`."""

    loaded: Project
    project: Project
    environment: Environment
    steps: Steps
    shell: Shell
    memory: Memory
    is_told: bool
    context: str  # the Docker context that was given

    @property
    def settings(self) -> Settings:
        """The environment's settings."""

    @property
    def choice(self) -> tuple[str, str]:
        """The name of the runtime, and why it is that one."""

    @property
    def runtime(self) -> "Runtime":
        """The runtime of this environment."""

    @property
    def deployment(self) -> "Deployed":
        """The environment on a Docker Engine, or a Swarm; raises Problem when it is elsewhere."""

    @property
    def is_deployed(self) -> bool:
        """Whether releases are deployed there."""

    def see(self, project: Project) -> None:
        """Have the project as it is in an environment, with the settings of the file that it names."""
