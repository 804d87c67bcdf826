"""The disks of a Swarm's nodes: each node alone can tell, so a task on each of them is asked.

Its own root is on the file system that the engine keeps its data on; nothing of the node is mounted.
"""

import contextlib
import secrets
import time
from collections.abc import Collection, Mapping
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.swarm import names
from slipway.deploy.swarm.cluster import Disk
from slipway.engine.api import Api
from slipway.engine.swarm import logs, services
from slipway.engine.swarm.services import OVER

SECONDS = 15.0  # for all of them, their image included where a node does not have it yet
TOLD = 5.0  # seconds for what they have printed
POLL = 0.3
MEMORY = 32 * 2**20


def of_nodes(api: Api, deployment: str, image: str, asked: Collection[str], auth: Mapping[str, str]) -> dict[str, Disk]:
    """Return the disks of the nodes with these ids that tell in time; nothing of the job is left."""
    if not asked:
        return {}
    end = time.monotonic() + SECONDS
    try:
        service = services.create(api, spec(deployment, image), auth)
    except Problem:
        return {}
    try:
        while time.monotonic() < end:
            if {one.node for one in services.tasks_of(api, service) if one.state in OVER} >= set(asked):
                break
            time.sleep(POLL)
        said = logs.by_node(api, service, TOLD)
    except Problem:
        return {}
    finally:
        with contextlib.suppress(Problem):  # the next deployment removes it
            services.remove(api, service)
    return {node: disk for node, text in said.items() if (disk := read(text))}


def spec(deployment: str, image: str) -> dict[str, Any]:
    """Return the job that tells of a disk, once on each node that takes tasks."""
    marks = names.marks(deployment, names.JOB)
    container = {
        "Image": image, "Command": ["df", "-Pk", "/"], "Labels": marks, "ReadOnly": True, "CapabilityDrop": ["ALL"],
        "Privileges": {"NoNewPrivileges": True}, "User": "65534:65534", "StopGracePeriod": 10**9,
    }  # fmt: skip
    return {
        "Name": names.of_service(deployment, f"{names.JOB}-{secrets.token_hex(4)}"), "Labels": marks,
        "TaskTemplate": {
            "ContainerSpec": container, "RestartPolicy": {"Condition": "none"},
            "Resources": {"Limits": {"MemoryBytes": MEMORY, "Pids": 16}},
        },
        "Mode": {"GlobalJob": {}},
    }  # fmt: skip


def read(said: str) -> Disk | None:
    """Read what `df -Pk` prints of one file system; None for what is something else."""
    words = said.splitlines()[-1].split() if said.strip() else []
    numbers = words[1:4]
    if len(words) < 6 or not all(one.isdigit() for one in numbers):
        return None
    return Disk(int(numbers[2]) * 1024, int(numbers[0]) * 1024)
