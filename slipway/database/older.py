"""Whether what runs can live with a backup that takes the database's place."""

from collections.abc import Sequence

from slipway.database import store
from slipway.project import revisions
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.runtime import LiveRelease, Runtime


def warnings(checkout: Checkout, runtime: Runtime, backup: str) -> list[str]:
    """Say what the releases that run would miss once a backup is restored; raises Problem.

    Nothing is refused for it: that backup may be all that there is, and `inv migrate` comes after it.
    """
    running = runtime.service.live() if checkout.project.migrations else []
    return missing(checkout.project, running, store.revisions(runtime, backup)) if running else []


def missing(project: Project, running: Sequence[LiveRelease], at: Sequence[str]) -> list[str]:
    """Say what each release needs that a backup at these revisions doesn't have, as far as the tree tells."""
    has, lines = revisions.known(project, at), []
    for release in running:
        heads = [one for one in release.heads.split(",") if one]
        needs = revisions.known(project, heads)
        if not heads or not needs.issuperset(heads) or not has.issuperset(at):
            lines.append(f"whether {release.name}, which runs, can live with it cannot be told from this tree")
        elif lacking := sorted(needs - has):
            where = ", ".join(at) or "no revisions"
            lines.append(
                f"{release.name} runs and needs {', '.join(lacking)}, and the backup is at {where}: it fails from the "
                "restore on, until ./inv migrate"
            )
    return lines
