"""A project in its folder, and what runs programs there."""

from dataclasses import dataclass
from pathlib import Path

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project.config import Project, load


@dataclass(frozen=True)
class Checkout:
    """A project, and the shell that runs programs in its folder."""

    project: Project
    shell: Shell

    @classmethod
    def at(cls, root: Path, steps: Steps) -> "Checkout":
        """Read the project in a folder, whose file of settings is named from now on; raises Problem (see `load`)."""
        project = load(root)
        steps.file = project.env_file
        return cls(project, Shell(root, steps))

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.project.root

    @property
    def steps(self) -> Steps:
        """What is told meanwhile."""
        return self.shell.steps
