"""What `inv deploy --from` and `inv releases --log` look up in a deployment."""

from slipway.core.errors import Problem
from slipway.deploy import ledger, source
from slipway.deploy.source import Elsewhere
from slipway.project import environments, root
from slipway.project.config import load
from slipway.project.environments import PROD
from slipway.runtime.releases import Releases
from slipway.verbs.screen import show, show_json
from slipway.verbs.session import begin


def show_log(of: Releases, named: str, as_json: bool) -> None:
    """Show what was kept of a deployment; raises Problem for one that nobody knows, or of which nothing was kept."""
    entry = ledger.called(ledger.parse(of.ledger()), named)
    text = of.kept_log(entry.event)
    if text is None:
        raise Problem(ledger.no_log(entry))
    if as_json:
        show_json({"event": entry.event, "release": entry.release, "what": entry.what, "log": text})
    else:
        show(text.rstrip("\n"))


def live_in(name: str, env: str, tag: str, context: str) -> Elsewhere:
    """Return the image that is live in an environment, to be deployed to another one; raises Problem."""
    if tag:
        raise Problem("--from and --tag exclude each other: both say which image.")
    if environments.chosen(root.here(), environments.Asked(env=env, default=PROD)) == name:
        raise Problem(f"--from {name} is what would be deployed to: name another one, or leave --from out.")
    if load(root.here()).within(name).place.context:
        context = ""  # which is the other one's
    with begin("releases", env=name, default=PROD, context=context, quietly=True) as session:
        return source.elsewhere(session.deployment.releases, name, session.project.repository)
