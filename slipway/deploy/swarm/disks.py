"""The disks of a Swarm's nodes: each node alone can tell, so a task on each of them is asked.

Its own root is on the file system that the engine keeps its data on; nothing of the node is mounted.
"""

import contextlib
import time
from collections.abc import Collection, Mapping

from slipway.core.errors import Problem
from slipway.deploy.swarm import everywhere
from slipway.deploy.swarm.cluster import Disk
from slipway.engine.api import Api
from slipway.engine.swarm import logs, services
from slipway.engine.swarm.services import FAILED, OVER

SECONDS = 15.0  # for all of them, their image included where a node does not have it yet
TOLD = 5.0  # seconds for what they have printed
POLL = 0.3
FULL = "no space left on device"  # as the kernel puts it, in whatever an engine could not do
ASK = ("df", "-Pk", "/")


def of_nodes(api: Api, deployment: str, image: str, asked: Collection[str], auth: Mapping[str, str]) -> dict[str, Disk]:
    """Return the disks of the nodes with these ids that tell in time, or have no room for a task that does.

    Nothing of the job is left.
    """
    if not asked:
        return {}
    end = time.monotonic() + SECONDS
    try:
        service = services.create(api, everywhere.spec(deployment, image, ASK), auth)
    except Problem:
        return {}
    try:
        while True:
            tasks = services.tasks_of(api, service)
            if {one.node for one in tasks if one.state in OVER} >= set(asked) or time.monotonic() > end:
                break
            time.sleep(POLL)
        said = logs.by_node(api, service, TOLD)
    except Problem:
        return {}
    finally:
        with contextlib.suppress(Problem):  # the next deployment removes it
            services.remove(api, service)
    full = {one.node: Disk(0) for one in tasks if one.state in FAILED and FULL in one.said}
    return full | {node: disk for node, text in said.items() if (disk := read(text))}


def read(said: str) -> Disk | None:
    """Read what `df -Pk` prints of one file system; None for what is something else."""
    words = said.splitlines()[-1].split() if said.strip() else []
    numbers = words[1:4]
    if len(words) < 6 or not all(one.isdigit() for one in numbers):
        return None
    return Disk(int(numbers[2]) * 1024, int(numbers[0]) * 1024)
