"""What becomes of each key of a Compose service on a Swarm: taken, without meaning here, or refused with the way on.

The keys are those of https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json. One that is not
here is refused as well: what it says may be what hardens a container.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.deploy.swarm.values import is_empty

_NONE = "which no service of a Swarm has: take it out"
_ENGINE = "which each node's engine decides on a Swarm: take it out, or set it in the daemon.json of the nodes"
_CPUS = "which no service of a Swarm has: say cpus"
_HOOK = "which only Compose runs: have the image's entrypoint do it, or a hook of [tool.slipway.hooks]"
_ALIAS = "which a Swarm has not: services of one network reach each other by their names"
_OURS = "which Slipway decides on a Swarm: take it out"


@dataclass(frozen=True)
class Scope:
    """What may stand at one place of a service.

    `taken` becomes something of the Swarm's service, whose values are judged where that is made. `nothing` is what
    Compose alone does something with, or has done already: nothing is lost. `refused` has what to say of each.
    """

    taken: frozenset[str]
    nothing: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def each(names: str, said: str) -> dict[str, str]:
    """Return what is said of each of several names."""
    return dict.fromkeys(names.split(), said)


SERVICE = Scope(
    taken=words(
        "cap_add cap_drop command configs cpus depends_on deploy dns dns_opt dns_search entrypoint environment "
        "extra_hosts group_add healthcheck hostname image init ipc isolation labels logging mem_limit mem_reservation "
        "networks pids_limit platform ports read_only restart scale secrets security_opt shm_size stdin_open "
        "stop_grace_period stop_signal sysctls tmpfs tty ulimits user volumes working_dir"
    ),
    # env_file, label_file and extends are in what Compose prints; a Swarm's networks close no port to their members;
    # Slipway chooses the image, by its digest.
    nothing=words("attach build develop env_file expose extends label_file profiles pull_policy pull_refresh_after"),
    refused={
        **each("annotations blkio_config credential_spec device_cgroup_rules mac_address models privileged", _NONE),
        **each("oom_kill_disable oom_score_adj pid provider storage_opt umask use_api_socket userns_mode uts", _NONE),
        **each(
            "mem_swappiness memswap_limit", f"{_NONE} (a container may swap as much as mem_limit, if its node swaps)"
        ),
        **each("cgroup cgroup_parent runtime", _ENGINE),
        **each("cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpuset", _CPUS),
        **each("devices gpus", "which no service of a Swarm has: say deploy.resources.reservations.generic_resources"),
        **each("external_links links", _ALIAS),
        **each("post_start pre_start pre_stop", _HOOK),
        "container_name": "which a Swarm gives itself: take it out, and reach it by the service's name",
        "domainname": "which no service of a Swarm has: write it into hostname",
        "network_mode": "which no service of a Swarm has: say networks",
        "volumes_from": "which no service of a Swarm has: name the volumes in both services",
    },
)

SCOPES = {
    "deploy": Scope(
        taken=words("endpoint_mode labels mode placement replicas resources restart_policy update_config"),
        refused={"rollback_config": "which Slipway decides on a Swarm (all tasks at once): take it out"},
    ),
    "deploy.placement": Scope(taken=words("constraints max_replicas_per_node preferences")),
    "deploy.resources": Scope(taken=words("limits reservations")),
    "deploy.resources.limits": Scope(taken=words("cpus memory pids")),
    "deploy.resources.reservations": Scope(
        taken=words("cpus generic_resources memory"),
        refused={"devices": "which no service of a Swarm has: say generic_resources"},
    ),
    "deploy.restart_policy": Scope(taken=words("condition delay max_attempts window")),
    "deploy.update_config": Scope(
        taken=words("delay failure_action order parallelism"),
        refused={
            "monitor": "which is what [tool.slipway.deploy] bake says: take it out",
            "max_failure_ratio": _OURS,
        },
    ),
    "healthcheck": Scope(taken=words("disable interval retries start_interval start_period test timeout")),
    "logging": Scope(taken=words("driver options")),
    # Of each network, port, volume ...: one place for all of a kind. The order of networks decides nothing on a Swarm,
    # where the way out is a bridge of each node's own.
    "networks.*": Scope(
        taken=words("aliases driver_opts use_service_name_alias"),
        nothing=words("gw_priority priority"),
        refused={
            **each("ipv4_address ipv6_address", "which a Swarm chooses for each task: reach it by the service's name"),
            **each("interface_name link_local_ips mac_address", _NONE),
        },
    ),
    "ports.*": Scope(taken=words("host_ip mode protocol published target"), nothing=words("app_protocol name")),
    "volumes.*": Scope(
        taken=words("bind read_only source target tmpfs type volume"),
        nothing=words("consistency"),  # of Docker Desktop
        refused={"image": "which no service of a Swarm has: copy it into the service's image"},
    ),
    "volumes.*.bind": Scope(
        taken=words("create_host_path propagation recursive"),
        refused={"selinux": "which no service of a Swarm has: label the folder on its node"},
    ),
    "volumes.*.tmpfs": Scope(taken=words("mode size")),
    "volumes.*.volume": Scope(
        taken=words("labels nocopy"),
        refused={"subpath": "which no service of a Swarm has: make it a volume of its own"},
    ),
    "secrets.*": Scope(taken=words("gid mode source target uid")),
    "configs.*": Scope(taken=words("gid mode source target uid")),
    "ulimits.*": Scope(taken=words("hard soft")),
    "depends_on.*": Scope(taken=words("condition required restart")),
}


UNKNOWN = "which this version of Slipway knows no way to keep on a Swarm: take it out"


def refusals(
    service: Mapping[str, Any],
    keys: Scope = SERVICE,
    below: Mapping[str, Scope] = SCOPES,
    unknown: str = UNKNOWN,
) -> Iterator[str]:
    """Return what there is to say of the keys of a service that cannot be taken.

    `keys` are those that a service may have, `below` those at places in it; `unknown` is said of any other.
    """
    yield from _of(keys, service, "", unknown)
    for place, scope in below.items():
        for shown, one in _at(service, place.split("."), ""):
            yield from _of(scope, one, f"{shown}.", unknown)


def _of(scope: Scope, value: Mapping[str, Any], before: str, unknown: str) -> Iterator[str]:
    for key, one in value.items():
        if key in scope.taken or key in scope.nothing or key.startswith("x-") or is_empty(one):
            continue
        yield f"{before}{key}, {scope.refused.get(key, unknown)}"


def _at(value: Any, path: list[str], shown: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # What is at a place, and how that is written; * is each of a list, or of what has names.
    if not path:
        if isinstance(value, dict):
            yield shown, value
        return
    if path[0] == "*" and isinstance(value, dict):
        found = [(f"{shown}.{name}", one) for name, one in value.items()]
    elif path[0] == "*":
        found = [(shown, one) for one in value or ()]
    else:
        inner = value.get(path[0]) if isinstance(value, dict) else None
        found = [(f"{shown}.{path[0]}".lstrip("."), inner)] if inner is not None else []
    for name, one in found:
        yield from _at(one, path[1:], name)
