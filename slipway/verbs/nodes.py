"""Verbs of a Swarm's nodes: nodes, drain."""

from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.project.environments import PROD, SWARM
from slipway.verbs.deploy import WAIT
from slipway.verbs.options import CONTEXT, DEPLOYED, JSON, YES
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.deploy.swarm.cluster import Cluster, Disk
    from slipway.deploy.swarm.deployment import SwarmDeployment
    from slipway.verbs.session import Session


@task(help=CONTEXT | DEPLOYED | JSON)
def nodes(_: Context, env: str = "", context: str = "", json: bool = False) -> None:
    """Show a Swarm's nodes, and what if one of them went.

    Each node's disk is asked by a task that ends at once; "-" is that of a node that did not tell.
    """
    from slipway.deploy.swarm import cluster
    from slipway.verbs.session import begin

    with begin("nodes", env=env, default=PROD, context=context, quietly=True, asked=need_swarm) as session:
        of = on_swarm(session)
        now = cluster.look(of.api, of.stack.name)
        show_nodes(session, now, told(of, now), json)


@task(
    positional=["node"],
    help=CONTEXT
    | DEPLOYED
    | YES
    | {
        "node": "the node's name, or its id",
        "back": "let it have tasks again, and spread what runs, without a pause",
        "database": "also the node that has the database, which is away until it is back",
    }
    | WAIT,
)
def drain(
    _: Context,
    node: str,
    back: bool = False,
    database: bool = False,
    wait: bool = False,
    env: str = "",
    context: str = "",
    yes: bool = False,
) -> None:
    """Let nothing run on a node, or let it be used again.

    What runs there ends, and runs elsewhere; it says before what that means, and asks.
    """
    from slipway.core.errors import Problem
    from slipway.deploy.swarm.drain import Draining
    from slipway.verbs.screen import confirm
    from slipway.verbs.session import begin

    if back and database:
        raise Problem("--back and --database exclude each other.")
    with begin("drain", env=env, default=PROD, context=context, quietly=True, asked=need_swarm) as session:
        of = on_swarm(session)
        of.need()
        draining = Draining(of.parts, session.steps, lambda verb: of.releases.lock(verb, wait), session.project.wait)

        def ask(name: str, means: list[str]) -> None:
            for one in means:
                session.steps.note(name, one)
            confirm(f"Drain {name}?", yes)

        if back:
            draining.back(node)
        else:
            draining.drain(node, database, ask)
            session.steps.say(f"  ./inv drain {node} --back lets it be used again")


def need_swarm(session: "Session") -> None:
    """Raise Problem for an environment that is on no Swarm."""
    from slipway.core.errors import Problem

    if session.project.place.orchestrator != SWARM:
        name = session.environment.name
        raise Problem(
            f'{name} is not on a Swarm, and so has no nodes: orchestrator = "swarm" in pyproject.toml, '
            f"[tool.slipway.environments.{name}], deploys to one (docs/cluster.md). What runs: ./inv status"
        )


def on_swarm(session: "Session") -> "SwarmDeployment":
    """Return the deployment, which is on a Swarm; raises Problem when its engine does not answer."""
    from slipway.deploy.swarm.deployment import SwarmDeployment

    found = session.deployment
    assert isinstance(found, SwarmDeployment)  # noqa: S101  (see need_swarm)
    return found


def told(of: "SwarmDeployment", now: "Cluster") -> "dict[str, Disk]":
    """Return the disks of the nodes that tell, by a task in the image of the proxies."""
    from slipway.deploy.compose.labels import PROXY
    from slipway.deploy.swarm import disks
    from slipway.engine import credentials

    proxy = now.parts.get(PROXY)
    image = proxy.spec["TaskTemplate"]["ContainerSpec"]["Image"] if proxy else of.definitions.image
    at_work = [one.id for one in now.nodes if one.is_at_work]
    return disks.of_nodes(of.api, now.deployment, image, at_work, credentials.header(of.api.shell, image))


def show_nodes(session: "Session", now: "Cluster", disks: "dict[str, Disk]", as_json: bool) -> None:
    """Show nodes, and what happens if one of them goes."""
    from slipway.deploy.swarm import cluster, losses
    from slipway.verbs.screen import show, show_json, show_lines, show_rows, table

    goes = {one.id: losses.of_node(now, one) for one in now.nodes}
    if as_json:
        show_json([cluster.described(now, one, disks.get(one.id)) | {"if_lost": goes[one.id]} for one in now.nodes])
        return
    show_lines(table([cluster.heads(), *(cluster.row(now, one, disks.get(one.id)) for one in now.nodes)]))
    show("")
    show("If it is lost:")
    show_rows((one.name, what) for one in now.nodes for what in goes[one.id])
    for one in losses.lacking(now):
        session.steps.note("lacking", one)
    for one in losses.shares(now):
        session.steps.note("spread", one)
    for one in cluster.engines(now.nodes):
        session.steps.note("engines", one)
