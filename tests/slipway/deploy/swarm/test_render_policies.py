"""How tasks of a Swarm's service are started, restarted, placed, updated and reached."""

from typing import Any

import pytest

from slipway.deploy.swarm.findings import differences, findings
from slipway.deploy.swarm.render import service
from tests.slipway.deploy.swarm.rendered import around, config, rendered

SECOND = 10**9


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {"Condition": "none", "Delay": 2 * SECOND}),
        ({"restart": "no"}, {"Condition": "none", "Delay": 2 * SECOND}),
        ({"restart": "unless-stopped"}, {"Condition": "any", "Delay": 2 * SECOND}),
        ({"restart": "on-failure"}, {"Condition": "on-failure", "Delay": 2 * SECOND}),
        ({"restart": "on-failure:3"}, {"Condition": "on-failure", "Delay": 2 * SECOND, "MaxAttempts": 3}),
        ({"restart": "no", "deploy": {"restart_policy": {}}}, {"Condition": "any", "Delay": 2 * SECOND}),
        (
            {"deploy": {"restart_policy": {"condition": "on-failure", "delay": "0s", "max_attempts": 2,
                                           "window": "2m0s"}}},
            {"Condition": "on-failure", "Delay": 0, "MaxAttempts": 2, "Window": 120 * SECOND},
        ),
    ],
)  # fmt: skip
def test_restart(said: dict[str, Any], found: dict[str, Any]) -> None:
    assert rendered(**said)["TaskTemplate"]["RestartPolicy"] == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {}),
        (
            {"mem_limit": "67108864", "cpus": 0.5, "pids_limit": 40, "mem_reservation": "20971520"},
            {
                "Limits": {"MemoryBytes": 64 << 20, "NanoCPUs": 500_000_000, "Pids": 40},
                "Reservations": {"MemoryBytes": 20 << 20},
            },
        ),
        ({"pids_limit": -1}, {}),
        (
            {"deploy": {"resources": {"limits": {"cpus": "1.5", "memory": "1g", "pids": 7}}}},
            {"Limits": {"MemoryBytes": 1 << 30, "NanoCPUs": 1_500_000_000, "Pids": 7}},
        ),
        (
            {
                "deploy": {
                    "resources": {
                        "reservations": {
                            "cpus": 0.25,
                            "generic_resources": [{"discrete_resource_spec": {"kind": "gpu", "value": 2}}],
                        }
                    }
                }
            },
            {
                "Reservations": {
                    "NanoCPUs": 250_000_000,
                    "GenericResources": [{"DiscreteResourceSpec": {"Kind": "gpu", "Value": 2}}],
                }
            },
        ),
    ],
)
def test_resources(said: dict[str, Any], found: dict[str, Any]) -> None:
    assert rendered(**said)["TaskTemplate"]["Resources"] == found


def placement(**said: Any) -> dict[str, Any]:
    """Return the Placement of a service that is pinned."""
    found: dict[str, Any] = service("it", config(**said), around(constraints=["a == b"]))["TaskTemplate"]["Placement"]
    return found


def test_placement() -> None:
    said = {"constraints": ["node.role == worker"], "preferences": [{"spread": "node.labels.zone"}]}
    assert placement(platform="linux/arm64", deploy={"placement": said}) == {
        "Constraints": ["a == b", "node.role == worker"],
        "Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.zone"}}],
        "Platforms": [{"OS": "linux", "Architecture": "arm64"}],
    }
    assert "Preferences" not in placement(deploy={"placement": said, "mode": "global"})


def test_one_task_on_each_node_is_no_deadlock_in_an_update() -> None:
    one = {"max_replicas_per_node": 1}
    assert placement(deploy={"placement": one})["MaxReplicas"] == 2
    assert placement(deploy={"placement": one, "update_config": {"order": "stop-first"}})["MaxReplicas"] == 1
    assert "MaxReplicas" not in placement()
    said = "it: max_replicas_per_node: 1 and during an update 2, or none could start before one stops"
    assert differences(config(restart="always", deploy={"placement": one})) == [said]


@pytest.mark.parametrize(
    ("said", "known", "mode"),
    [
        ({}, {}, {"Replicated": {"Replicas": 1}}),
        ({"scale": 3}, {}, {"Replicated": {"Replicas": 3}}),
        ({"scale": 0, "deploy": {}}, {}, {"Replicated": {"Replicas": 0}}),
        ({"deploy": {"replicas": 2}}, {}, {"Replicated": {"Replicas": 2}}),
        ({"deploy": {"replicas": 2}}, {"replicas": 0}, {"Replicated": {"Replicas": 0}}),
        ({"deploy": {"mode": "global"}}, {}, {"Global": {}}),
        ({}, {"is_global": True, "replicas": 3}, {"Global": {}}),
    ],
)
def test_how_many(said: dict[str, Any], known: dict[str, Any], mode: dict[str, Any]) -> None:
    assert service("it", config(**said), around(**known))["Mode"] == mode


def test_what_a_project_says_of_updates() -> None:
    said = {"parallelism": 2, "delay": "5s", "order": "stop-first", "failure_action": "rollback"}
    found = rendered(deploy={"update_config": said, "endpoint_mode": "dnsrr", "labels": {"a": 1}})
    assert (
        found["UpdateConfig"] | {"Parallelism": 2, "Delay": 5 * SECOND, "Order": "stop-first"} == found["UpdateConfig"]
    )
    assert found["RollbackConfig"]["Order"] == "stop-first"
    assert found["Labels"] == {"a": "1", "com.docker.stack.namespace": "shop-prod"}


@pytest.mark.parametrize(
    ("deploy", "line"),
    [
        ({"mode": "replicated-job"}, "deploy.mode replicated-job, which is no service that goes on"),
        ({"endpoint_mode": "vip"}, "deploy.endpoint_mode vip: Slipway's services are dnsrr"),
        ({"update_config": {"failure_action": "continue"}}, "deploy.update_config.failure_action continue"),
        ({"update_config": {"order": "both"}}, "deploy.update_config.order both, which is none"),
        ({"rollback_config": {"parallelism": 1}}, "deploy.rollback_config, which Slipway decides"),
        ({"restart_policy": {"condition": "always"}}, "deploy.restart_policy.condition always, which is none"),
        ({"restart_policy": {"delay": "soon"}}, "soon is no duration"),
    ],
)
def test_what_slipway_decides_is_refused(deploy: dict[str, Any], line: str) -> None:
    (found,) = findings(config(deploy=deploy))
    assert found.startswith(f"it: {line}")


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ({"target": 80, "published": "8000", "protocol": "tcp"}, {"PublishedPort": 8000}),
        ({"target": 80, "published": "8000", "host_ip": "0.0.0.0"}, {"PublishedPort": 8000}),
        ({"target": 80, "published": 8000, "host_ip": "::", "mode": "ingress"}, {"PublishedPort": 8000}),
        ({"target": 80}, {}),
    ],
)
def test_ports(port: dict[str, Any], found: dict[str, Any]) -> None:
    made = rendered(ports=[port])
    assert made["EndpointSpec"] == {
        "Mode": "dnsrr",
        "Ports": [{"Protocol": "tcp", "TargetPort": 80, "PublishMode": "host", **found}],
    }
    assert made["UpdateConfig"]["Order"] == ("stop-first" if found else "start-first")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            {"ports": [{"target": 80, "published": "80", "host_ip": "127.0.0.1"}]},
            "ports: 127.0.0.1:80:80, which would be open on every address of a node: take the address out, or the "
            "port, and use a network",
        ),
        (
            {"ports": [{"target": 80, "published": "8000-8010"}]},
            "ports: 8000-8010:80, which a Swarm cannot choose of: say one port",
        ),
        ({"image": ""}, "no image, which each node has to pull: say image"),
        ({"ipc": "host"}, "ipc host, which no service of a Swarm has: take it out"),
        (
            {"platform": "linux/arm/v7"},
            "platform linux/arm/v7, which a Swarm cannot choose nodes by: say OS/ARCHITECTURE, as linux/arm64",
        ),
        ({"stop_grace_period": "long"}, "stop_grace_period: long is no duration"),
        ({"healthcheck": {"interval": "x"}}, "healthcheck: x is no duration"),
    ],
)
def test_a_value_that_cannot_be_kept(said: dict[str, Any], line: str) -> None:
    assert findings(config(**said)) == [f"it: {line}"]


def test_networks() -> None:
    said = {
        "default": {"aliases": ["api", "it"], "driver_opts": {"a": 1}},
        "database": {"use_service_name_alias": False},
    }
    assert rendered(networks=said)["TaskTemplate"]["Networks"] == [
        {"Target": "shop-prod_database"},
        {"Target": "shop-prod_default", "Aliases": ["it", "api"], "DriverOpts": {"a": "1"}},
    ]
    with pytest.raises(ValueError, match="the network edge, which the deployment has not made"):
        rendered(networks={"edge": None})


def test_a_network_that_is_no_overlay_is_refused() -> None:
    made = config(networks={"lan": None, "own": None})
    made["networks"] = {
        "lan": {"driver": "macvlan", "ipam": {"config": [{"subnet": "10.0.0.0/24"}]}, "enable_ipv6": True},
        "own": {"driver": "macvlan", "external": True},
        "unused": {"driver": "macvlan"},
    }
    assert findings(made) == [
        "the network lan: driver macvlan, which reaches one node alone: take it out",
        "the network lan: ipam, which the Swarm chooses: take it out, or make it beforehand (external)",
        "the network lan: enable_ipv6, which no overlay of Slipway's has: take it out",
    ]


def test_what_means_something_else_on_a_swarm_is_said() -> None:
    made = config(
        {"uploads": {}, "nfs": {"driver_opts": {"type": "nfs"}}},
        depends_on={"db": {"condition": "service_healthy", "restart": True}}, restart="always", mem_reservation="1g",
        extra_hosts=["h=host-gateway"], ports=[{"target": 80, "published": "80"}],
        volumes=[
            {"type": "volume", "source": "uploads", "target": "/u"},
            {"type": "volume", "source": "nfs", "target": "/n"},
            {"type": "volume", "source": "secrets", "target": "/run/secrets"},
            {"type": "bind", "source": "/etc/x", "target": "/x"},
        ],
    )  # fmt: skip
    assert differences(made) == [
        "it: depends_on (db): Slipway starts them in order; a Swarm that restarts it waits for none",
        "it: depends_on restart (db): Slipway restarts no service with another",
        "it: reservations: what a node must have free to get it; under pressure, the memory is not kept to it",
        "it: ports: open on the nodes where it runs, on all addresses, and on no other; an update pauses it there",
        "it: the volume uploads: of one node, so it runs on the one that has slipway.data, and nowhere else",
        "it: the volume uploads: two may have it open for seconds, once its node was cut off and is back; "
        "docs/cluster.md has a command that locks it",
        "it: /etc/x: a folder of the node that it runs on, where it has to be; a Swarm makes none",
        "it: extra_hosts host-gateway: the node that it runs on, whichever that is",
    ]
    locked = made["services"]["it"] | {"command": ["sh", "-c", "exec 9</u && flock 9 && exec serve"]}
    assert not any("two may have it" in one for one in differences({**made, "services": {"it": locked}}))
    assert differences(config(restart="always")) == differences(config(restart="no")) == []
    assert differences(config()) == [
        "it: no restart: a Swarm starts none in its place when its node is lost; for that, restart: unless-stopped"
    ]


@pytest.mark.parametrize(
    ("said", "known", "seconds"),
    [
        ({}, {"is_global": True, "stop_first": True}, 2),
        ({"delay": "5s"}, {"is_global": True, "stop_first": True}, 5),
        ({}, {"is_global": True}, 0),
        ({}, {"stop_first": True}, 0),
    ],
)
def test_no_nodes_task_stops_before_it_is_known_how_the_one_before_does(
    said: dict[str, Any], known: dict[str, Any], seconds: int
) -> None:
    made = service("it", config(deploy={"update_config": said}), around(**known))
    assert made["UpdateConfig"]["Delay"] == seconds * SECOND
