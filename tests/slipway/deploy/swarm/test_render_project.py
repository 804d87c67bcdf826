"""Services of a Swarm, of what real Compose prints of this project: nothing that hardens one is lost."""

from typing import Any

import pytest

from slipway.deploy.swarm.around import File
from slipway.deploy.swarm.findings import differences, findings
from slipway.deploy.swarm.mounts import is_replaced
from slipway.deploy.swarm.reach import network, networks
from slipway.deploy.swarm.render import service
from tests.slipway.deploy.swarm.rendered import around, config, release, surroundings

PASSWORD = File("s1", "shop-prod-pw-1f2e", "DATABASE_PASSWORD", uid="65532", gid="65532")
CADDYFILE = File("c1", "shop-prod-caddyfile-9a8b", "/deployment/Caddyfile", mode=0o444)
NOW = {"dev.slipway.deployment": "shop-prod", "dev.slipway.release": "20261127t101500"}
LOGGING = {"Name": "json-file", "Options": {"max-file": "5", "max-size": "10m"}}


def web(**said: Any) -> dict[str, Any]:
    """Return the ServiceSpec of the release's web."""
    return service("web", release(), around(labels=NOW, secrets=[PASSWORD], **said))


def test_web_is_all_that_compose_would_make_it() -> None:
    task = web()["TaskTemplate"]
    assert task["ContainerSpec"] == {
        "Image": "slipway:dev",
        "Labels": {**NOW, "com.docker.stack.namespace": "shop-prod"},
        "Env": ["DATABASE_HOSTNAME=db", "PORT=8000", "SLIPWAY_ANSWERS=/dev/shm/answers", "WEB_CONCURRENCY"],
        "Privileges": {"NoNewPrivileges": True},
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "Mounts": [{"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {"SizeBytes": 64 << 20, "Mode": 0o1777}}],
        "HealthCheck": {"StartPeriod": 30 * 10**9},
        "Secrets": [
            {
                "SecretID": "s1",
                "SecretName": "shop-prod-pw-1f2e",
                "File": {"Name": "DATABASE_PASSWORD", "UID": "65532", "GID": "65532", "Mode": 0o400},
            }
        ],
        "Init": True,
        "StopGracePeriod": 35 * 10**9,
    }
    assert task["Resources"] == {"Limits": {"MemoryBytes": 1 << 30, "Pids": 512}}
    assert task["RestartPolicy"] == {"Condition": "any", "Delay": 2 * 10**9}
    assert task["LogDriver"] == LOGGING
    assert task["Networks"] == [
        {"Target": "shop-prod_database", "Aliases": ["web"]},
        {"Target": "shop-prod_default", "Aliases": ["web"]},  # and no web-none
    ]


def test_web_is_updated_start_first_and_rolled_back_at_once() -> None:
    found = web(monitor=30, replicas=3)
    assert found["Name"] == "shop-prod_web"
    assert found["Labels"] == {**NOW, "com.docker.stack.namespace": "shop-prod"}
    assert found["Mode"] == {"Replicated": {"Replicas": 3}}
    assert found["EndpointSpec"] == {"Mode": "dnsrr"}
    assert found["UpdateConfig"] == {
        "Parallelism": 1,
        "Delay": 0,
        "FailureAction": "rollback",
        "Monitor": 30 * 10**9,
        "MaxFailureRatio": 0,
        "Order": "start-first",
    }
    assert found["RollbackConfig"] == {"Parallelism": 0, "FailureAction": "pause", "Order": "start-first"}


def test_a_trial_is_called_otherwise_and_nobody_is_led_to_it() -> None:
    found = web(called="shop-prod_trial")
    assert found["Name"] == "shop-prod_trial"
    assert found["TaskTemplate"]["Networks"] == [{"Target": "shop-prod_database"}, {"Target": "shop-prod_default"}]


def test_an_alias_of_the_release_that_is_asked_for_goes_as_well() -> None:
    printed = release()
    printed["services"]["web"]["labels"]["dev.slipway.release"] = "20261127t101500"
    printed["services"]["web"]["networks"]["default"]["aliases"] = ["web-20261127t101500", "api"]
    found = service("web", printed, around(labels=NOW))
    assert found["TaskTemplate"]["Networks"][1]["Aliases"] == ["web", "api"]


def test_the_proxy_has_its_ports_on_its_nodes_and_its_file_is_a_config() -> None:
    found = service("proxy", surroundings(), around(configs=[CADDYFILE], is_global=True, constraints=["x == y"]))
    ports = [(one["Protocol"], one["PublishedPort"], one["TargetPort"]) for one in found["EndpointSpec"]["Ports"]]
    assert ports == [("tcp", 8000, 80), ("tcp", 443, 443), ("udp", 443, 443)]
    assert {one["PublishMode"] for one in found["EndpointSpec"]["Ports"]} == {"host"}
    assert found["Mode"] == {"Global": {}}
    assert found["UpdateConfig"]["Order"] == "stop-first"  # two cannot have one port
    spec = found["TaskTemplate"]["ContainerSpec"]
    assert [one["Target"] for one in spec["Mounts"]] == ["/data", "/tmp", "/config"]
    assert spec["Mounts"][2] == {
        "Type": "tmpfs",
        "Target": "/config",
        "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700},
    }
    assert spec["Configs"][0]["File"]["Name"] == "/deployment/Caddyfile"
    assert spec["CapabilityAdd"] == ["NET_BIND_SERVICE"]
    assert spec["Sysctls"] == {"net.ipv4.ip_local_port_range": "1024 65535", "net.ipv4.tcp_tw_reuse": "1"}
    assert "$ACME_CA_ROOT" in spec["Args"][2]
    assert "$$" not in spec["Args"][2]
    assert found["TaskTemplate"]["Placement"] == {"Constraints": ["x == y"]}


def test_the_database_has_its_volume_its_memory_and_one_dollar_where_compose_has_one() -> None:
    found = service("db", surroundings(), around(secrets=[PASSWORD], stop_first=True))
    spec = found["TaskTemplate"]["ContainerSpec"]
    targets = {one["Target"]: one for one in spec["Mounts"]}
    assert targets["/dev/shm"]["TmpfsOptions"] == {"SizeBytes": 128 << 20}
    assert targets["/var/lib/postgresql/data"]["Source"] == "shop-prod_db"
    assert "/run/secrets" not in targets
    assert spec["User"] == "postgres"
    assert spec["HealthCheck"] == {
        "Test": ["CMD-SHELL", 'pg_isready -q -U "$ROLE"'],
        "Interval": 10 * 10**9,
        "Timeout": 3 * 10**9,
        "StartPeriod": 30 * 10**9,
        "StartInterval": 250 * 10**6,
        "Retries": 3,
    }
    assert found["UpdateConfig"]["Order"] == "stop-first"


def test_a_job_ends_and_has_its_secrets_where_compose_has_a_tmpfs_for_them() -> None:
    found = service("migrate", surroundings(), around(secrets=[PASSWORD], is_job=True))
    assert found["Mode"] == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    assert found["TaskTemplate"]["RestartPolicy"] == {"Condition": "none"}
    assert not {"UpdateConfig", "RollbackConfig"} & found.keys()
    assert found["TaskTemplate"]["ContainerSpec"]["HealthCheck"] == {"Test": ["NONE"]}
    assert [one["Target"] for one in found["TaskTemplate"]["ContainerSpec"]["Mounts"]] == ["/tmp"]


@pytest.mark.parametrize("name", ["db", "proxy", "migrate", "web"])
def test_no_service_of_this_project_loses_what_hardens_it(name: str) -> None:
    printed = {"services": surroundings()["services"] | release()["services"], "volumes": surroundings()["volumes"]}
    said, found = printed["services"][name], service(name, printed, around())
    spec = found["TaskTemplate"]["ContainerSpec"]
    assert spec["Privileges"] == {"NoNewPrivileges": True}
    assert spec["ReadOnly"] is True
    assert spec["CapabilityDrop"] == ["ALL"]
    assert spec.get("CapabilityAdd") == said.get("cap_add")
    limits = found["TaskTemplate"].get("Resources", {}).get("Limits", {})
    assert limits.get("Pids") == said.get("pids_limit")
    assert str(limits.get("MemoryBytes", "")) == said.get("mem_limit", "")
    mounted = [one["target"] for one in said.get("volumes") or () if not is_replaced(one)]
    mounted += [one.partition(":")[0] for one in said["tmpfs"]] + (["/dev/shm"] if said.get("shm_size") else [])
    assert [one["Target"] for one in spec["Mounts"]] == mounted


def test_nothing_stands_against_this_project() -> None:
    assert findings(release()) == []
    assert findings(surroundings(), pinned=["db", "proxy"]) == []
    assert [line.partition(",")[0] for line in findings(surroundings())] == [
        "db: the volume db at /var/lib/postgresql/data would be another one on each node: pin the service "
        "(deploy.placement.constraints)",
        "proxy: the volume caddy at /data would be another one on each node: pin the service "
        "(deploy.placement.constraints)",
    ]
    assert differences(release()) == []


def test_a_volume_of_a_release_is_the_deployments_not_one_of_each_release() -> None:
    mount = {"type": "volume", "source": "uploads", "target": "/u", "volume": {}}
    printed = config({"uploads": {"name": "shop-prod-none_uploads"}}, volumes=[mount])
    printed["name"] = "shop-prod-none"
    found = service("it", printed, around())["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert found == [{"Type": "volume", "Target": "/u", "Source": "shop-prod_uploads"}]


def test_a_network_of_the_compose_file_is_an_overlay_and_stays_closed() -> None:
    printed = surroundings()
    printed["networks"]["database"] |= {"internal": True, "driver": "bridge", "labels": {"a": "b"}}
    said = networks(printed)["database"]
    assert network("shop-prod_database", said, {"c": "d"}) == {
        "Name": "shop-prod_database",
        "Driver": "overlay",
        "Scope": "swarm",
        "Attachable": False,
        "Internal": True,
        "Options": {},
        "Labels": {"a": "b", "c": "d"},
    }
