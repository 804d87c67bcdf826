"""What no manifests can be made of is refused by name, with what to do; what means something else is said."""

from typing import Any

import pytest

from slipway.deploy.swarm.keys import SERVICE as OF_SWARM
from slipway.deploy.swarm.keys import Scope
from slipway.export.findings import differences, findings
from slipway.export.keys import SCOPES, SERVICE
from tests.slipway.export.given import CLEANUP, WEB, facts, web

VOLUME = {"type": "volume", "source": "uploads", "target": "/u", "volume": {}}
BIND = {"type": "bind", "source": "/etc/x", "target": "/x"}


def known(scope: Scope) -> list[str]:
    """Return the keys that a place knows, each as often as it stands there."""
    return sorted([*scope.taken, *scope.nothing, *scope.refused])


def test_every_key_stands_once_in_the_table() -> None:
    assert known(SERVICE) == known(OF_SWARM)
    for place, scope in SCOPES.items():
        assert len(known(scope)) == len(set(known(scope))), place


def test_every_refusal_says_why_and_what_to_do() -> None:
    for scope in (SERVICE, *SCOPES.values()):
        for key, said in scope.refused.items():
            why, _, way = said.partition(": ")
            assert why.startswith(("which ", "for which ")), key
            assert way, key


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"privileged": True},
         "web: privileged, which Slipway writes into no manifest: take it out, and patch it in (kustomize)"),
        ({"ports": [{"target": 80}]},
         "web: ports, for which Slipway makes no Service: only web has one. Write one, and take it out"),
        ({"ulimits": {"nofile": 1}}, "web: ulimits, which each node's kubelet decides on Kubernetes: take it out"),
        ({"deploy": {"mode": "global"}}, "web: deploy.mode, which Slipway decides on Kubernetes: take it out"),
        ({"quorum": 1}, "web: quorum, which this version of Slipway writes into no manifest: take it out"),
        ({"volumes": [VOLUME]}, "web: the volume uploads at /u, for which Slipway writes no PersistentVolumeClaim: "),
        ({"volumes": [BIND]}, "web: /etc/x at /x is of one machine: copy it into the image, or make it a ConfigMap"),
        ({"user": "app"}, 'web: user app, and a pod has numbers alone: say user: "1000:1000", say'),
        ({"image": "redis:7"}, "web: user, which nobody but the image tells: say its numbers"),
        ({"image": None, "user": "1"}, "web: no image, which each node has to pull: say image"),
        ({"tmpfs": ["/tmp:size=10%"]}, "web: tmpfs /tmp size=10%, which no volume has: say bytes"),
        ({"tmpfs": ["/tmp:size=x"]}, "web: tmpfs /tmp size=x, which no volume has: say bytes"),
        ({"stop_signal": "SIGQUIT"}, "web: stop_signal SIGQUIT, and a pod is told to stop by SIGTERM: take it out"),
        ({"healthcheck": {"test": ["RUN", "x"]}}, "web: healthcheck: RUN, which is none of CMD, CMD-SHELL and NONE"),
        ({"security_opt": ["seccomp=/a.json"]}, "web: security_opt, of which Slipway knows no-new-privileges"),
        ({"extra_hosts": ["a=host-gateway"]}, "web: extra_hosts a: host-gateway is no address"),
        ({"group_add": ["video"]}, "web: group_add video, and a pod has numbers alone"),
        ({"entrypoint": []}, "web: entrypoint is empty, which no pod can have: say command as well"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(said: dict[str, Any], line: str) -> None:
    found = findings(web(**said))
    assert [one[: len(line)] for one in found] == [line], found


def test_all_that_cannot_be_is_named_at_once() -> None:
    found = findings(web(user="app", tmpfs=["/tmp:size=x"], stop_signal="SIGINT", privileged=True, volumes=[VOLUME]))
    assert len(found) == 5


def test_nothing_stands_against_what_compose_prints_of_this_project() -> None:
    assert findings(facts()) == []


def test_names_that_no_object_can_have_are_refused() -> None:
    assert "1shop-prod, which cannot name a Service" in findings(facts(deployment="1shop-prod"))[0]
    assert "which cannot name a Service" in findings(facts(deployment="s" * 60))[0]
    assert "my_job: the name, which no Deployment can have" in findings(facts(services={"my_job": CLEANUP}))[0]
    for host in ("localhost:8080", "http://a.example", "192.0.2.1", "a b"):
        assert findings(facts(hosts=(host,)))[0].startswith(f"DOMAIN {host}, which no Ingress can have"), host
    assert findings(facts(hosts=("a.example", "*.b-c.example"))) == []


def test_what_means_something_else_is_said_once_for_all_services() -> None:
    check = {"test": ["CMD", "true"]}
    services = {"web": WEB | {"depends_on": {"a": {}}}, "cleanup": CLEANUP | {"healthcheck": check, "restart": "no"}}
    found = differences(facts(services=services, own_database=True, database="db", companions=("redis",)))
    assert [line.partition(": ")[:3:2] for line in found][:1] == [
        ("cleanup, web", "pids_limit: each node's kubelet decides (podPidsLimit)")
    ]
    said = "\n".join(found)
    for part in ("cleanup: restart: pods are always started again", "web: depends_on (a): pods are started in no order",
                 "cleanup: healthcheck: a pod that is not well is started again", "cleanup, web: logging: ",
                 "db: not exported.", "redis: not exported, as it stays"):  # fmt: skip
        assert part in said, part
