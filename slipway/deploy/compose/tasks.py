"""A deployment that is on a Swarm, seen from the engine of one of its nodes: what runs here would be in the way."""

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.deploy.compose.labels import DEPLOYMENT
from slipway.engine import containers
from slipway.engine.containers import TASK
from slipway.engine.stack import Stack


def list_tasks_command(deployment: str) -> list[str]:
    """Return the command that lists what runs here of a deployment as tasks of a Swarm."""
    return containers.list_command(f"label={DEPLOYMENT}={deployment}", f"label={TASK}", running=True, form="{{.Names}}")


def refuse_unless_here(stack: Stack) -> None:
    """Raise Problem likewise, unless Compose runs something of it here: then no Swarm does."""
    if not any(one.running for one in stack.containers):
        refuse(stack.shell, stack.name, stack.environment)


def refuse(shell: Shell, deployment: str, environment: str) -> None:
    """Raise Problem when a Swarm runs something of a deployment here: its database has the volume, say."""
    if not (found := shell.output(list_tasks_command(deployment)).split()):
        return
    raise Problem(
        f"{deployment} runs on a Swarm, of which this engine is a node: {', '.join(sorted(found))}. Two databases on "
        "one volume would destroy the data. Nothing was changed. To have it on this engine alone: first ./inv down "
        f'--env {environment} with orchestrator = "swarm", then this without (docs/cluster.md)'
    )
