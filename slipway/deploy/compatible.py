"""Whether a release can live with the schema that the database has."""

from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.database import schema
from slipway.deploy import ledger, source
from slipway.deploy.ledger import Entry
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment, LiveRelease
from slipway.runtime.environment import Environment
from slipway.runtime.release import Release
from slipway.schema.answers import Known


def check(
    checkout: Checkout,
    environment: Environment,
    deployment: Deployment,
    between: tuple[Release, Entry],
    entries: Sequence[Entry],
) -> str:
    """Say how a release stands to the schema, "" when the live one knows the same revisions.

    `between` are the live release and the one to go back to. Raises Problem when the schema has lost what that one
    needs, or doesn't have it yet.
    """
    (live, target), name = between, between[1].image
    if not checkout.project.migrations or target.schema == live.schema:
        return ""
    with checkout.steps.step("schema") as step:
        known = [live.image_id, target.image_id, *images(entries)]
        found = standing(environment, deployment, LiveRelease(name, target.schema), known)
        if not found:
            raise Problem(f"Which revisions {name} knows cannot be told: ./inv deploy --tag {target.tag} deploys it.")
        if found.lost:
            raise Problem(
                f"{name} cannot be gone back to: {', '.join(found.lost)} took away what it may need, and it doesn't "
                "know that. To go on instead, mend what is live and: ./inv deploy"
            )
        if found.missing:
            raise Problem(
                f"{name} needs {', '.join(found.missing)}, and the database is at {', '.join(found.at)}. To "
                f"apply that and deploy it: ./inv deploy --tag {target.tag}"
            )
        step.detail = f"at {', '.join(found.at)}: {name} can live with it"
        return step.detail


def standing(
    environment: Environment, deployment: Deployment, release: LiveRelease, known: Sequence[str]
) -> Known | None:
    """Return how a release stands to the database, told by the first of these images that can; None for none.

    Raises Problem when none can, and one of them could not be asked.
    """
    failed: Problem | None = None
    for one in dict.fromkeys(known):
        if source.find(deployment.releases.images, one):
            try:
                deployment.use(one)
                found = schema.known(environment, deployment, release)
            except Problem as problem:  # an image that is broken, or of another Slipway; another may know
                failed = problem
                continue
            if found.can_tell:
                return found
    if failed:
        raise failed
    return None


def images(entries: Sequence[Entry]) -> list[str]:
    """Return the images that were live, the newest first."""
    return [entry.image_id for entry in ledger.good(entries)]
