"""What a deployment knows of a service beside its Compose file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NAMESPACE = "com.docker.stack.namespace"  # the label by which `docker stack services` finds services


@dataclass(frozen=True)
class File:
    """A Swarm config or secret, as a file in the container.

    `target` is its path; of a secret, a name alone is one in /run/secrets.
    """

    id: str
    name: str
    target: str
    mode: int = 0o400
    uid: str = "0"
    gid: str = "0"


@dataclass(frozen=True)
class Around:
    """What a deployment knows of a service beside its Compose file.

    `labels` are those of the service and of its containers. `networks` are names on the Swarm, by the Compose file's
    key. `monitor` is how many seconds an update watches each task; 0 is the Swarm's own choice. `replicas` None is what
    the Compose file says, or 1. A service that is `called` otherwise than DEPLOYMENT_NAME has no alias: nobody is led
    to it who doesn't ask for it.
    """

    deployment: str
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[File] = ()
    configs: Sequence[File] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    constraints: Sequence[str] = ()
    monitor: float = 0
    replicas: int | None = None
    is_global: bool = False  # a task on each node that the constraints admit
    is_job: bool = False  # one task, which ends
    stop_first: bool = False
    called: str = ""
