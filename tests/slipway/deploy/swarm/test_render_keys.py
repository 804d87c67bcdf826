"""Each key of a Compose service is taken on a Swarm, has no meaning there, or is refused by name."""

from typing import Any

import pytest

from slipway.deploy.swarm.findings import findings
from slipway.deploy.swarm.keys import SCOPES, SERVICE, Scope, refusals
from tests.slipway.deploy.swarm.rendered import config

# Of https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json, in November 2026: those of a
# service, and what may stand below them.
KEYS = """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec
    depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file
    environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc
    isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit
    models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_start
    pre_stop privileged profiles provider pull_policy pull_refresh_after read_only restart runtime scale secrets
    security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits umask
    use_api_socket user userns_mode uts volumes volumes_from working_dir
"""
UPDATE = "delay failure_action max_failure_ratio monitor order parallelism"
FILE = "gid mode source target uid"
BELOW = {
    "configs.*": FILE,
    "depends_on.*": "condition required restart",
    "deploy": "endpoint_mode labels mode placement replicas resources restart_policy rollback_config update_config",
    "deploy.placement": "constraints max_replicas_per_node preferences",
    "deploy.resources": "limits reservations",
    "deploy.resources.limits": "cpus memory pids",
    "deploy.resources.reservations": "cpus devices generic_resources memory",
    "deploy.restart_policy": "condition delay max_attempts window",
    "deploy.update_config": UPDATE,
    "healthcheck": "disable interval retries start_interval start_period test timeout",
    "logging": "driver options",
    "networks.*": "aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips mac_address "
    "priority use_service_name_alias",
    "ports.*": "app_protocol host_ip mode name protocol published target",
    "secrets.*": FILE,
    "ulimits.*": "hard soft",
    "volumes.*": "bind consistency image read_only source target tmpfs type volume",
    "volumes.*.bind": "create_host_path propagation recursive selinux",
    "volumes.*.tmpfs": "mode size",
    "volumes.*.volume": "labels nocopy subpath",
}
# What gives a container more than others have, or takes something from it: none may be without meaning.
HARDENING = """
    cap_add cap_drop cgroup cgroup_parent device_cgroup_rules devices group_add ipc mem_limit memswap_limit network_mode
    pid pids_limit privileged read_only security_opt sysctls tmpfs ulimits umask use_api_socket user userns_mode uts
"""


def known(scope: Scope) -> list[str]:
    """Return the keys that a place knows, each as often as it stands there."""
    return sorted([*scope.taken, *scope.nothing, *scope.refused])


def test_every_key_of_the_specification_stands_once_in_the_table() -> None:
    assert known(SERVICE) == sorted(KEYS.split())
    assert {place: known(scope) for place, scope in SCOPES.items()} == {
        place: sorted(names.split()) for place, names in BELOW.items()
    }


@pytest.mark.parametrize("key", HARDENING.split())
def test_what_hardens_is_taken_or_refused(key: str) -> None:
    assert (key in SERVICE.taken) != (key in SERVICE.refused)


def test_every_refusal_says_why_and_what_to_do() -> None:
    for scope in (SERVICE, *SCOPES.values()):
        for key, said in scope.refused.items():
            why, _, way = said.partition(": ")
            assert why.startswith("which "), key
            assert way, key


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"privileged": True}, "it: privileged, which no service of a Swarm has: take it out"),
        ({"cgroup": "host"}, "it: cgroup, which each node's engine decides on a Swarm: take it out, or set it in the "
         "daemon.json of the nodes"),
        ({"cpuset": "0"}, "it: cpuset, which no service of a Swarm has: say cpus"),
        ({"links": ["db"]},
         "it: links, which a Swarm has not: services of one network reach each other by their names"),
        ({"gpus": [{"count": -1}]}, "it: gpus, which no service of a Swarm has: say "
         "deploy.resources.reservations.generic_resources"),
        ({"networks": {"default": {"ipv4_address": "10.1.1.1"}}},
         "it: networks.default.ipv4_address, which a Swarm chooses for each task: reach it by the service's name"),
        ({"volumes": [{"type": "volume", "source": "n", "target": "/n", "volume": {"subpath": "a"}}]},
         "it: volumes.volume.subpath, which no service of a Swarm has: make it a volume of its own"),
        ({"deploy": {"update_config": {"monitor": "3s"}}},
         "it: deploy.update_config.monitor, which is what [tool.slipway.deploy] bake says: take it out"),
        ({"seccomp_level": 3},
         "it: seccomp_level, which this version of Slipway knows no way to keep on a Swarm: take it out"),
        ({"healthcheck": {"test": ["CMD", "true"], "quorum": 2}},
         "it: healthcheck.quorum, which this version of Slipway knows no way to keep on a Swarm: take it out"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_kept_is_named(said: dict[str, Any], line: str) -> None:
    shared = {"n": {"driver_opts": {"type": "nfs"}}}
    assert findings(config(shared, **said)) == [line]


def test_what_says_nothing_is_not_refused() -> None:
    said = {"privileged": False, "devices": [], "links": None, "x-mine": {"a": 1}, "oom_score_adj": 0, "develop": {}}
    assert list(refusals(said)) == []
    assert list(refusals({"build": {"context": "."}, "profiles": ["a"], "expose": ["80"], "attach": True})) == []


def test_what_slipway_calls_its_own_is_nobody_elses_name() -> None:
    for name in ("lock", "trial", "away"):
        (line,) = findings({"services": {name: {"image": "x"}}})
        assert line == f"{name}: which Slipway calls a service of its own on a Swarm: give it another name"
    networked = {"services": {"a": {"image": "x", "networks": {"control": None}}}, "networks": {"control": {}}}
    (line,) = findings(networked)
    assert line.startswith("the network control, as Slipway calls one of its own")
