"""What the parts of a deployment on a Swarm are called, and how they are labelled."""

import hashlib
from collections.abc import Iterable, Mapping

from slipway.core.errors import Problem
from slipway.deploy.compose.labels import DEPLOYMENT, RELEASE
from slipway.deploy.swarm.around import NAMESPACE as NAMESPACE

KIND = "dev.slipway.kind"  # of a service, config or secret of a deployment: one of those below
PART, TRIAL, JOB, LOCK, AWAY = "part", "trial", "job", "lock", "away"  # of services
LEDGER, LOG, RECORD, MARK, FILE = "ledger", "log", "release", "mark", "file"  # of configs
SECRET, GIVEN = "secret", "given"  # of secrets: the release's own, and what one job is given
EVENT = "dev.slipway.event"  # of a line of the ledger, and of a log
NODE = "dev.slipway.node"  # of the lock: the node that its holder speaks to

RESERVED = (TRIAL, LOCK, AWAY)  # what Slipway calls services of its own: none of the Compose files can be called so

SOCKET = "socket"  # of a volume: where the database listens, and who is let in is its superuser
OWN_VOLUMES = (AWAY, SOCKET)  # which no Compose file can have of others

# Labels of nodes, by which the Swarm knows what is to run where.
PROXY_NODE, DATA_NODE = "slipway.proxy", "slipway.data"

DEFAULT, DATABASE, CONTROL = "default", "database", "control"  # networks; the last one is the proxy's and the lock's
OWN_NETWORKS = (DEFAULT, DATABASE, CONTROL)  # which no Compose file can have of others
OWN_SERVICES = (*RESERVED, f"{JOB}-00000000")  # one of a job ends with eight digits
LONGEST = 63  # characters of a name


def of_service(deployment: str, service: str) -> str:
    """Return what a service of the Compose files is called on the Swarm."""
    return f"{deployment}_{service}"


def of_network(deployment: str, network: str) -> str:
    """Return what a network of the Compose files is called on the Swarm.

    Not as Compose calls it: one engine may have had the deployment before, and both cannot have a network of one name.
    """
    return f"{deployment}_overlay_{network}"


def of_network_before(deployment: str, network: str) -> str:
    """Return what a network was called on the Swarm by an earlier version: one that is there stays."""
    return f"{deployment}_{network}"


def of_object(deployment: str, kind: str, key: str) -> str:
    """Return the name of a config or secret; one that is too long ends with its hash."""
    name = f"{deployment}.{kind}.{key}"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 17]}.{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def check(deployment: str, called: Iterable[str]) -> None:
    """Raise Problem where services or networks of a deployment would have names too long for a Swarm."""
    longest = max(called, key=len, default="")
    if len(longest) > LONGEST:
        raise Problem(
            f"{longest} has {len(longest)} characters, and what a Swarm has takes {LONGEST} at most. Nothing was "
            f"changed. Let the deployment {deployment} be called shorter: by name in [tool.slipway], by "
            "COMPOSE_PROJECT_NAME, or by the environment's name; or what the Compose files have. Then: ./inv deploy"
        )


def marks(deployment: str, kind: str = "", release: str = "", **more: str) -> dict[str, str]:
    """Return the labels of what belongs to a deployment."""
    found = {NAMESPACE: deployment, DEPLOYMENT: deployment, KIND: kind, RELEASE: release, **more}
    return {name: value for name, value in found.items() if value}


def wanted(labels: Mapping[str, str]) -> list[str]:
    """Return labels as the Swarm is asked for what has them."""
    return [f"{name}={value}" for name, value in labels.items()]


def pinned(label: str) -> str:
    """Return the constraint that keeps a task on nodes with a label."""
    return f"node.labels.{label} == true"
