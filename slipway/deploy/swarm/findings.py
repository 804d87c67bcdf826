"""What stands against making services of a Swarm of a Compose file, and what means something else there.

Each is a line: the service, the key, why, and what to do.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from slipway.deploy.swarm import names, policies, reach
from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.files import wanted
from slipway.deploy.swarm.health import health
from slipway.deploy.swarm.keys import refusals
from slipway.deploy.swarm.mounts import is_replaced, lies_elsewhere, listed, mount, named, refusal, shared_memory, tmpfs
from slipway.deploy.swarm.privileges import privileges, ulimits
from slipway.deploy.swarm.render import invocation
from slipway.deploy.swarm.values import nanoseconds, plain
from slipway.engine.processes import LOCKS

ANYBODY = Around("")


def findings(config: Mapping[str, Any], pinned: Collection[str] = ()) -> list[str]:
    """Return what no services can be made of; `pinned` are those that the deployment has on chosen nodes alone."""
    found, volumes = [], plain(named(config))
    for name, said in sorted(plain(config["services"]).items()):
        lines = [*refusals(said), *_of_values(said, volumes)]
        if name in names.RESERVED:
            lines.append("which Slipway calls a service of its own on a Swarm: give it another name")
        if name not in pinned and not _is_pinned(said):
            lines += filter(None, (refusal(one, volumes) for one in said.get("volumes") or ()))
        try:
            wanted(name, config)
        except ValueError as error:
            lines.append(str(error))
        found += [f"{name}: {line}" for line in lines]
    for key in names.OWN_VOLUMES:
        if key in volumes and not volumes[key].get("name"):
            found.append(f"volumes.{key}: which Slipway calls a volume of its own on a Swarm: give it another name")
    for key, networked in sorted(reach.networks(config).items()):
        found += reach.network_refusals(key, networked)
    return found


def _is_pinned(said: Mapping[str, Any]) -> bool:
    deploy = said.get("deploy") or {}
    return bool((deploy.get("placement") or {}).get("constraints")) or deploy.get("mode") == "global"


def _of_values(said: Mapping[str, Any], volumes: Mapping[str, Any]) -> Iterator[str]:
    one_each: Iterable[tuple[str, Callable[[Any], object], Iterable[Any]]] = (
        ("", tmpfs, listed(said.get("tmpfs"))),
        ("shm_size", shared_memory, filter(None, [said.get("shm_size")])),
        (
            "volumes",
            lambda one: mount(one, volumes, ""),
            [one for one in said.get("volumes") or () if not is_replaced(one)],
        ),
        ("", lambda one: privileges([one]), said.get("security_opt") or ()),
        ("", reach.port, said.get("ports") or ()),
        ("ulimits", ulimits, [said.get("ulimits") or {}]),
        ("healthcheck", health, [said.get("healthcheck") or {}]),
        ("stop_grace_period", nanoseconds, [said.get("stop_grace_period") or 0]),
        ("", lambda one: policies.restart(one, ANYBODY), [said]),
        ("", policies.resources, [said]),
        ("", policies.platforms, [said]),
        ("", lambda one: policies.update(one, ANYBODY), [said]),
        ("", invocation, [said]),
    )
    for key, make, values in one_each:
        for value in values:
            try:
                make(value)
            except (ValueError, KeyError) as error:
                yield f"{key}: {error}" if key else str(error)
    if not said.get("image"):
        yield "no image, which each node has to pull: say image"
    if said.get("ipc") not in (None, "", "private"):
        yield f"ipc {said['ipc']}, which no service of a Swarm has: take it out"
    yield from policies.decided(said.get("deploy") or {})


def differences(config: Mapping[str, Any]) -> list[str]:
    """Return what is taken, but means something else on a Swarm; of Compose files without findings."""
    found, volumes = [], plain(named(config))
    for name, said in sorted(plain(config["services"]).items()):
        found += [f"{name}: {line}" for line in (*_of_tasks(said), *_of_nodes(said, volumes))]
    return found


def _of_tasks(said: Mapping[str, Any]) -> Iterator[str]:
    goes_on = policies.restart(said, ANYBODY)["Condition"] != "none"
    if (others := said.get("depends_on")) and goes_on:
        yield f"depends_on ({', '.join(others)}): Slipway starts them in order; a Swarm that restarts it waits for none"
    if led := [one for one, how in (others or {}).items() if how.get("restart")]:
        yield f"depends_on restart ({', '.join(led)}): Slipway restarts no service with another"
    if not said.get("restart") and not goes_on:
        yield "no restart: a Swarm starts none in its place when its node is lost; for that, restart: unless-stopped"
    said_of_most = ((said.get("deploy") or {}).get("placement") or {}).get("max_replicas_per_node")
    if said_of_most and policies.order(said, ANYBODY) == "start-first":
        most = int(said_of_most)
        yield f"max_replicas_per_node: {most} and during an update {most + 1}, or none could start before one stops"


def _of_nodes(said: Mapping[str, Any], volumes: Mapping[str, Any]) -> Iterator[str]:
    reserved = ((said.get("deploy") or {}).get("resources") or {}).get("reservations") or {}
    if said.get("mem_reservation") or reserved:
        yield "reservations: what a node must have free to get it; under pressure, the memory is not kept to it"
    if said.get("ports"):
        yield "ports: open on the nodes where it runs, on all addresses, and on no other; an update pauses it there"
    for one in said.get("volumes") or ():
        source, is_local = one.get("source"), not lies_elsewhere(volumes.get(one.get("source")) or {})
        if one.get("type") == "bind":
            yield f"{source}: a folder of the node that it runs on, where it has to be; a Swarm makes none"
        elif source not in ("", None, LOCKS) and one.get("type") == "volume" and is_local and not is_replaced(one):
            yield f"the volume {source}: of one node, so it runs on the one that has slipway.data, and nowhere else"
            if not _is_locked(said):
                yield (
                    f"the volume {source}: two may have it open for seconds, once its node was cut off and is back; "
                    "docs/cluster.md has a command that locks it"
                )
    if any("host-gateway" in str(line) for line in reach.hosts(said.get("extra_hosts"))):
        yield "extra_hosts host-gateway: the node that it runs on, whichever that is"


def _is_locked(said: Mapping[str, Any]) -> bool:
    # By its own command, or as a process is of which never two are at work.
    return "flock" in str(invocation(said)) or any(one.get("source") == LOCKS for one in said.get("volumes") or ())
