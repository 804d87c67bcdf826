"""Whether some other PostgreSQL has the database's volume open, on the node that has it.

Two on one volume would destroy the data, and nothing else keeps them apart: in containers of their own, each takes what
the other has noted there for its own. So before the Swarm has a database, a job looks whether one has noted itself.
PostgreSQL takes that away when it ends in good order.
"""

from slipway.core.errors import Problem
from slipway.deploy.swarm.alone import VARIABLE, mounted
from slipway.deploy.swarm.database import without_socket
from slipway.deploy.swarm.jobs import follow, job_spec
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.surroundings import Definitions
from slipway.engine import images
from slipway.engine.swarm.nodes import Node
from slipway.runtime.jobs import DATABASE

NOTED = "postmaster.pid"
OPEN = 9  # the status of the job then: what it printed may get lost
LOOK = f'[ ! -e "$${VARIABLE}/{NOTED}" ] || exit {OPEN}'  # $$, as Compose prints it


def refuse(parts: Parts, definitions: Definitions, node: Node) -> None:
    """Raise Problem when a PostgreSQL has the volume open, or has not ended in good order."""
    config = without_socket(definitions.config(0))
    of = config["services"][DATABASE]
    said = {name: value for name, value in (of.get("environment") or {}).items() if name == VARIABLE}
    job = {**of, "environment": said, "command": ["sh", "-c", LOOK]}
    spec = job_spec(parts, config, DATABASE, job, ())
    done = follow(parts.api, spec, parts.auth(spec), lambda *_: None)
    if done.status == OPEN:
        image = images.inspect(parts.api.shell, of["image"])
        mount = mounted(spec["TaskTemplate"]["ContainerSpec"], image.env if image else ())
        raise Problem(told(node.name, str(mount.get("Source", "VOLUME")), of["image"]))
    if done.status:
        raise Problem(f"{done.said}\nWhether a database has the data on {node.name} open cannot be told (see above).")


def told(node: str, volume: str, image: str) -> str:
    """Say that the data is, or may be, open, and what to do."""
    return (
        f"On {node}, a PostgreSQL has the data of the volume {volume} open, or was killed: two of them would destroy "
        f"it. Which one has it, {node} tells: docker ps --filter volume={volume}. One of a production on one engine "
        "moves with ./inv deploy --move --tag VERSION; another one is to be stopped. If there is none: "
        f"docker run --rm --volume {volume}:/data {image} rm /data/{NOTED}"
    )
