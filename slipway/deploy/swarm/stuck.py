"""Jobs whose end nobody will ever tell: their node is lost, or no node takes them."""

from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.engine.api import Api
from slipway.engine.swarm import nodes
from slipway.engine.swarm.services import Task

PATIENCE = 60.0  # seconds for which no node may take one


def refuse(api: Api, tasks: Sequence[Task], seconds: float) -> None:
    """Raise Problem when a job that was begun so long ago has no end to wait for; `tasks` are its own."""
    task = tasks[-1] if tasks else None
    if task and task.node:
        node = nodes.find(api, task.node)
        if not node or node.state == nodes.DOWN:
            where = node.name if node else task.node
            raise Problem(
                f"{where}, on which the job was, is lost: whether it was done, nobody can tell. If only its cable is, "
                "it may be at it still. How the nodes are: ./inv nodes; once nothing of it goes on: run this again."
            )
    elif seconds > PATIENCE:
        why = f": {task.said}" if task and task.said else ""
        raise Problem(f"No node has taken the job in {PATIENCE:.0f} s{why}. It was not begun. To see: ./inv nodes")
