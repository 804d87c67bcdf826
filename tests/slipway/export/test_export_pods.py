"""Pods of a release: what hardens a container on Docker hardens it on Kubernetes, and what cannot is refused."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.export.findings import findings
from slipway.export.pods import CPU, without_lock
from tests.slipway.export.given import CLEANUP, MIGRATE, WEB, container, facts, of_kind, pod, web

SECRETS = {
    "name": "secrets",
    "secret": {
        "secretName": "shop-prod-secrets",
        "defaultMode": 0o440,
        "items": [{"key": "DATABASE_PASSWORD", "path": "DATABASE_PASSWORD"}],
    },
}
TMP = {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}


def test_a_pod_is_what_the_restricted_pod_security_standard_asks() -> None:
    for name in ("web", "cleanup"):
        found, inside = pod(facts(), name), container(facts(), name)
        assert found["securityContext"] == {
            "runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        }  # fmt: skip
        assert inside["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert found["automountServiceAccountToken"] is False
        assert found["enableServiceLinks"] is False
        assert found["shareProcessNamespace"] is True


def test_secrets_are_files_that_the_user_reads_and_what_is_written_is_in_memory() -> None:
    found = pod(facts())
    assert found["volumes"] == [SECRETS, TMP]
    assert found["containers"][0]["volumeMounts"] == [
        {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    said = {"tmpfs": "/srv/uploads", "shm_size": "134217728"}
    assert [one["emptyDir"] for one in pod(web(**said))["volumes"][1:]] == [
        {"medium": "Memory"}, {"medium": "Memory", "sizeLimit": "128Mi"},
    ]  # fmt: skip
    assert [one["name"] for one in pod(web(**said))["volumes"]] == ["secrets", "srv-uploads", "dev-shm"]


def test_a_job_has_its_secrets_where_docker_has_memory_for_them() -> None:
    spec = of_kind(facts(), "Job")[0].body["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 86_400)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["template"]["spec"]["volumes"] == [SECRETS, TMP]
    inside = spec["template"]["spec"]["containers"][0]
    assert inside["args"] == MIGRATE["command"]
    assert not {key for key in inside if key.endswith("Probe")}


def test_web_is_asked_on_its_health_path_and_goes_on_until_nobody_is_led_to_it() -> None:
    inside = container(facts(wait=90))
    asked = {"httpGet": {"path": "/health/ready", "port": "http"}}
    assert inside["startupProbe"] == asked | {"periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 45}
    assert inside["readinessProbe"] == asked | {"periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3}
    assert "livenessProbe" not in inside
    assert inside["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert pod(facts())["terminationGracePeriodSeconds"] == 40
    assert inside["ports"] == [
        {"name": "http", "containerPort": 8000}, {"name": "metrics", "containerPort": 9090}
    ]  # fmt: skip
    named = container(facts(health_host="shop.local"))["readinessProbe"]["httpGet"]
    assert named["httpHeaders"] == [{"name": "Host", "value": "shop.local"}]


def test_a_health_check_of_its_own_is_run_as_docker_runs_it() -> None:
    check = {"test": ["CMD", "python", "-c", "1"], "interval": "10s", "timeout": "500ms", "retries": 4}
    inside = container(facts(services={"web": WEB, "cleanup": CLEANUP | {"healthcheck": check}}), "cleanup")
    asked = {"exec": {"command": ["python", "-c", "1"]}, "periodSeconds": 10, "timeoutSeconds": 1}
    assert inside["readinessProbe"] == inside["livenessProbe"] == asked | {"failureThreshold": 4}
    shell = container(web(healthcheck={"test": ["CMD-SHELL", "true"]}))["readinessProbe"]
    assert shell["exec"] == {"command": ["/bin/sh", "-c", "true"]}
    assert (shell["periodSeconds"], shell["timeoutSeconds"]) == (30, 30)
    assert not {key for key in container(facts(), "cleanup") if key.endswith("Probe")}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {"requests": {"cpu": CPU, "memory": "1Gi"}, "limits": {"memory": "1Gi"}}),
        ({"cpus": 1.5}, {"requests": {"cpu": "1500m", "memory": "1Gi"}, "limits": {"cpu": "1500m", "memory": "1Gi"}}),
        ({"deploy": {"resources": {"reservations": {"cpus": "0.25", "memory": "536870912"}}}},
         {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}),
        ({"mem_limit": "1000001"}, {"requests": {"cpu": CPU, "memory": "1000001"}, "limits": {"memory": "1000001"}}),
    ],
)  # fmt: skip
def test_resources(said: dict[str, Any], found: dict[str, Any]) -> None:
    assert container(web(**said))["resources"] == found


def test_a_single_process_waits_for_no_lock_and_is_one() -> None:
    lock = ["python", "-I", "-c", "import fcntl", "/run/slipway/cleanup.lock"]
    said = CLEANUP | {"command": [*lock, "python", "-m", "app.cleanup"], "volumes": [
        *CLEANUP["volumes"], {"type": "volume", "source": "single", "target": "/run/slipway", "volume": {}},
    ]}  # fmt: skip
    assert without_lock(said, "cleanup") == ["python", "-m", "app.cleanup"]
    known = facts(services={"cleanup": said}, single=frozenset({"cleanup"}), replicas={"cleanup": 0})
    assert findings(known) == []
    spec = of_kind(known, "Deployment")[0].body["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert spec["template"]["spec"]["containers"][0]["args"] == ["python", "-m", "app.cleanup"]
    assert len(spec["template"]["spec"]["volumes"]) == 2


def test_what_kubelet_would_expand_is_doubled_and_what_it_leaves_is_not() -> None:
    said = {"command": ["echo", "$(date)", "$HOME", "$$"], "environment": {"A": "$(B)", "C": "$D"}}
    known = replace(web(**said), migrate=MIGRATE | {"environment": {}})
    assert container(known)["args"] == ["echo", "$$(date)", "$HOME", "$$$$"]
    assert container(known)["env"] == [{"name": "A", "value": "$$(B)"}, {"name": "C", "value": "$D"}]
    assert container(web(entrypoint=["sh"], command=["-c"]))["command"] == ["sh"]
    assert container(web(entrypoint=[], command=["run"]))["command"] == ["run"]


def test_what_is_said_besides_is_kept() -> None:
    said = {
        "user": "1000", "group_add": ["44"], "sysctls": {"net.ipv4.tcp_tw_reuse": "1"}, "cap_add": ["CAP_CHOWN"],
        "extra_hosts": ["a=192.0.2.1", "b=192.0.2.1"], "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        "working_dir": "/srv",
    }  # fmt: skip
    found = pod(web(**said))
    assert found["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000, "supplementalGroups": [44],
        "seccompProfile": {"type": "Unconfined"}, "appArmorProfile": {"type": "Unconfined"},
        "sysctls": [{"name": "net.ipv4.tcp_tw_reuse", "value": "1"}],
    }  # fmt: skip
    assert found["hostAliases"] == [{"ip": "192.0.2.1", "hostnames": ["a", "b"]}]
    assert found["containers"][0]["workingDir"] == "/srv"
    inside = found["containers"][0]["securityContext"]
    assert inside["allowPrivilegeEscalation"] is True
    assert inside["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
