"""The node that has a deployment's data: it has the label, and is noted once something has its volume there.

By the label alone, the database and companions would begin anew, without data, wherever somebody gives it to.
"""

from slipway.core.errors import Problem
from slipway.deploy.swarm import names
from slipway.deploy.swarm.cluster import state
from slipway.deploy.swarm.store import Store
from slipway.engine.api import Api
from slipway.engine.swarm import nodes
from slipway.engine.swarm.nodes import Node

NOTED = "home"  # the mark that has the node's name
HOSTNAME = "node.hostname == "


def at_work(node: Node) -> Node:
    """Return the node that has the data; raises Problem when it takes no tasks: the database could not be asked."""
    if node.is_at_work:
        return node
    back = f"./inv drain {node.name} --back" if node.state == nodes.READY else "./inv nodes"
    raise Problem(
        f"{node.name}, on which the data is, is not at work ({state(node)}): nothing is deployed before it is: {back}"
    )


class Home:
    """The home of a deployment's data, of which `store` remembers where that is."""

    def __init__(self, api: Api, store: Store) -> None:
        self.api, self.store = api, store

    def node(self) -> Node:
        """Return the node; raises Problem when it is not at work, or when none, several or another have the label."""
        every = nodes.listed(self.api)
        found = [one for one in every if one.has(names.DATA_NODE)]
        label = f"{names.DATA_NODE}=true"
        if not found:
            raise Problem(
                f"No node has the label {label}, and the data has to be on one: docker node update --label-add {label} "
                f"{every[0].name if every else 'NODE'}. (A database elsewhere: DATABASE_HOSTNAME in .env.)"
            )
        if len(found) > 1:
            raise Problem(
                f"{', '.join(one.name for one in found)} have the label {label}: the data is on one node. Take it from "
                f"the others: docker node update --label-rm {names.DATA_NODE} NODE"
            )
        (one,) = found
        if (home := self.store.get(names.MARK, NOTED)) and home != one.name:
            config = names.of_object(self.store.deployment, names.MARK, NOTED)
            raise Problem(
                f"The data is on {home}, and {one.name} has the label {names.DATA_NODE} now, where all would begin "
                f"without data. Give it back: docker node update --label-rm {names.DATA_NODE} {one.name}; docker node "
                f"update --label-add {label} {home}. Or, once {one.name} has the volumes: docker config rm {config}; "
                "./inv deploy --recreate-database, and --recreate of companions"
            )
        return at_work(one)

    def note(self) -> Node:
        """Note the node, as soon as something is to have its volume there; return it. Raises Problem."""
        found = self.node()
        self.store.set(names.MARK, NOTED, found.name.encode(), any_lock=True)
        return found

    def constraints(self) -> tuple[str, ...]:
        """Return what keeps a task there; raises Problem."""
        return names.pinned(names.DATA_NODE), f"{HOSTNAME}{self.node().name}"
