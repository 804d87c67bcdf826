"""The gates that are not for a project without web, or with a Dockerfile of its own."""

from slipway.project import adopted
from slipway.project.config import Project
from slipway.project.processes import NO_WEB


def gates(project: Project) -> dict[str, str]:
    """Return which gates a project without web, or with a Dockerfile of its own, leaves out, each with the reason."""
    of_web = {} if project.has_web else {"rehearsal": NO_WEB}
    if not adopted.has_own_image(project):
        return of_web
    own = f"{project.dockerfile} is the project's own"
    untested = dict.fromkeys(("rehearsal", "in-image"), f"{own}, and has no stage that tests")
    return (
        of_web
        | untested
        | {
            "dockerfile": own,
            "packages": f"{own}: which packages it installs is for it to see to",
            "rebuild": f"{own}: whether two builds are the same is for it to see to",
        }
    )
