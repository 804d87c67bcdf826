"""A project without web: what a deployment of it is not asked for, and which one it doesn't follow."""

from slipway.core.errors import Problem
from slipway.deploy import ledger
from slipway.deploy.facts import Options
from slipway.deploy.ledger import Entry
from slipway.project.config import Project
from slipway.project.processes import NO_WEB
from slipway.runtime.releases import Releases

FIRST = "What is there has to end first: ./inv down, then ./inv deploy. Data and backups stay. Nothing was changed."


def check(project: Project, options: Options) -> None:
    """Refuse what is asked for of a web or a proxy that there isn't; raises Problem."""
    if project.has_web:
        return
    if options.scale:
        raise Problem(f"--scale: {NO_WEB}; there are {', '.join(project.processes)}. Nothing was changed.")
    if options.recreate_proxy:
        raise Problem(f"--recreate-proxy: {NO_WEB}, and so no proxy. Nothing was changed.")


def check_kind(project: Project, releases: Releases) -> None:
    """Refuse a release with web in the place of one without, and the other way round; raises Problem.

    Of one of the former whose web is gone, the ledger knows how it was.
    """
    there = releases.all().values()
    if project.has_web:
        bare = [one.id for one in there if not one.web]
        if bare and any(not one.scale for one in ledger.parse(releases.ledger()) if one.release in bare):
            raise Problem(f"{releases.deployment} has releases without web, and the project has one by now. {FIRST}")
    elif any(one.web for one in there):
        raise Problem(f"{releases.deployment} has releases that clients are led to, and {NO_WEB} by now. {FIRST}")


def check_target(project: Project, entry: Entry) -> None:
    """Refuse to make a release anew that had a web where the project has none, or none where it has; raises Problem."""
    if bool(entry.scale) is not project.has_web:
        had, has = ("a web", "none") if entry.scale else ("no web", "one")
        raise Problem(
            f"{entry.image}, as {entry.release}, had {had}, and the project has {has} by now: its release cannot be "
            "made anew. What else there is: ./inv releases"
        )
