"""A node of a Swarm without tasks, for as long as somebody works on it, and with tasks again.

A Swarm that drains a node ends all of its tasks at once, and starts another in the place of each once that has ended.
So before it is told to, as many more are started on the other nodes. Nor does it move anything to a node that is
back.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from slipway.core.errors import Interrupted, Problem
from slipway.core.steps import Steps
from slipway.deploy.swarm import cluster, losses
from slipway.deploy.swarm.cluster import Cluster
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.scaling import USUAL, Scaling, count_of, patience_with, why
from slipway.engine.swarm import nodes
from slipway.engine.swarm.nodes import ACTIVE, DRAIN, PAUSE, READY, Node

POLL = 0.5


class Draining:
    """Drains nodes, and takes them back; `wait` is how many seconds a task may take to be ready.

    `lock` holds the deployment's, under the name of the verb that it is given.
    """

    def __init__(
        self, parts: Parts, steps: Steps, lock: Callable[[str], contextlib.AbstractContextManager[object]], wait: int
    ) -> None:
        self.parts, self.steps, self.lock, self.wait = parts, steps, lock, wait
        self.scaling = Scaling(parts, steps, wait)

    def look(self) -> Cluster:
        """Look at the Swarm; raises Problem."""
        return self.scaling.look()

    def drain(self, name: str, database: bool, ask: Callable[[str, list[str]], None]) -> None:
        """Drain a node, unless what `ask` is told makes it raise Problem, or something is against it.

        No deployment is at work until the Swarm has been told; then it goes on by itself.
        """
        node = self.look().find(name)
        self._usual_again(f"drain {name}")
        wanted = losses.wanted(self.look())
        if node.availability != DRAIN:
            with self.lock(f"drain {name}"):
                before = self.look()
                node = before.find(name)
                if why := losses.refusal(before, node, database):
                    raise Problem(why)
                ask(node.name, losses.of_node(before, node, drained=True))
                wanted = losses.movable(before, node)
                usual = self._elsewhere_first(before, node)
                with self._left(node, "drained"):
                    try:
                        self._be(self.look().find(node.id), DRAIN)
                    finally:
                        self.scaling.scale(usual)
        with self._left(node, "drained"), self.steps.step("drained") as step:
            now = self._until(node, wanted, empty=True)
            step.detail = left_with(now, node)

    def back(self, name: str) -> None:
        """Let a node have tasks again, and spread what runs; raises Problem."""
        node = self.look().find(name)
        if node.availability != ACTIVE:
            self._be(node, ACTIVE)
        if node.state != READY:
            raise Problem(
                f"{node.name} may have tasks again, and does not answer: nothing runs there before it does. To see: "
                "./inv nodes"
            )
        self._usual_again(f"drain {name} --back")
        with self.steps.step("back") as step:
            self._until(node, losses.wanted(self.look()))
            step.detail = node.name
        if not losses.missing(self.look(), node):
            return
        with self.lock(f"drain {name} --back"):
            for part, count in losses.missing(self.look(), node).items():
                self.scaling.spread(part, count)

    def _usual_again(self, verb: str) -> None:
        # One that was killed has left more than there are to be; another one may be at it, or have done it by now.
        if not self._more():
            return
        with self.lock(verb):
            if more := self._more():
                self.scaling.scale(more)
        if more:
            self.steps.note("recovered", f"{', '.join(f'{count} of {part}' for part, count in more.items())} again")

    def _more(self) -> dict[str, int]:
        # Of what there are more than usual, how many there usually are.
        return {part: count_of(one) for part, one in self.look().parts.items() if USUAL in one.labels}

    def _elsewhere_first(self, before: Cluster, node: Node) -> dict[str, int]:
        # Have more of what runs there; return how many there usually are. A node that is paused gets no new tasks.
        if not (more := losses.replaceable(before, node)):
            return {}
        usual = {part: count_of(before.parts[part]) for part in more}
        try:
            self._be(node, PAUSE)
            with self.steps.step("elsewhere", ", ".join(f"{count} more of {part}" for part, count in more.items())):
                self.scaling.more(more, usual)
        except BaseException:  # nothing has ended yet
            self.scaling.scale(usual)
            self._be(self.look().find(node.id), node.availability)
            self.steps.say(f"  {node.name} was not drained, and is used as before.")
            raise
        return usual

    def _be(self, node: Node, availability: str) -> None:
        nodes.change(self.parts.api, node, {**node.spec, "Availability": availability})

    def _until(self, node: Node, wanted: Mapping[str, int], empty: bool = False) -> Cluster:
        # Until so many run of each part, and, if it is to be `empty`, nothing on the node.
        now = self.look()
        patience = max((patience_with(one, self.wait) for one in now.parts.values()), default=self.wait)
        began, told = time.monotonic(), ""
        while said := still(now, node, wanted, empty):
            if said != told:
                self.steps.note("waiting", said)
                began, told = time.monotonic(), said
            if time.monotonic() - began > patience:
                raise Problem(
                    f"{node.name} is {cluster.state(now.find(node.id))}, but after {patience} s {said}.{why(now)}"
                )
            time.sleep(POLL)
            now = self.look()
        return now

    @contextlib.contextmanager
    def _left(self, node: Node, what: str) -> Iterator[None]:
        # The Swarm goes on without who has told it.
        again = f"To take it back: ./inv drain {node.name} --back"
        try:
            yield
        except (KeyboardInterrupt, Interrupted):
            self.steps.say(f"  {node.name} is left as it is, the Swarm goes on by itself. {again}")
            raise
        except Problem as problem:
            if self.look().find(node.id).availability != ACTIVE:
                problem.message = f"{problem.message}\n{node.name} stays {what}. {again}"
            raise


def still(now: Cluster, node: Node, wanted: Mapping[str, int], empty: bool) -> str:
    """Say what is waited for, "" once nothing is.

    What ran on a node that does not answer ends when it is back: nobody tells of it before.
    """
    found = []
    if empty and now.find(node.id).state == READY and (left := now.left_on(node)):
        found.append(f"{left} still end{'s' if left == 1 else ''} on {node.name}")
    for part, count in wanted.items():
        if part in now.parts and (running := len(now.running(part))) < count:
            found.append(f"{part}: {running} of {count} run{'s' if running == 1 else ''}")
    return ", ".join(found)


def left_with(now: Cluster, node: Node) -> str:
    """Say what a node that is drained has of the deployment."""
    if (then := now.find(node.id)).state == READY:
        return f"{node.name}: nothing of {now.deployment} runs there"
    return f"{node.name} is {cluster.state(then)}, and what runs there is not known: it ends when {node.name} is back"
