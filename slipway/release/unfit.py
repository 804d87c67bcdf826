"""The gates that are not for a project with a Dockerfile of its own."""

from slipway.project import adopted
from slipway.project.config import Project


def gates(project: Project) -> dict[str, str]:
    """Return which gates a project with a Dockerfile of its own leaves out, each with the reason."""
    if not adopted.has_own_image(project):
        return {}
    own = f"{project.dockerfile} is the project's own"
    untested = dict.fromkeys(("rehearsal", "in-image"), f"{own}, and has no stage that tests")
    return untested | {
        "dockerfile": own,
        "packages": f"{own}: which packages it installs is for it to see to",
        "rebuild": f"{own}: whether two builds are the same is for it to see to",
    }
