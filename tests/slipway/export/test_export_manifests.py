"""The manifests of a release together: which there are, how they name each other, and what is in none of them."""

import base64
import binascii
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml  # type: ignore[import-untyped]

from slipway.core.errors import Problem
from slipway.export.manifests import files, manifests, overview, stream
from slipway.export.settings import PLACEHOLDER
from slipway.export.write import write
from tests.slipway.export.given import CLEANUP, MIGRATE, WEB, container, facts, of_kind, web

WITHOUT_WEB = ["ConfigMap", "NetworkPolicy", "Job", "Deployment", "Secret"]


def test_which_there_are_and_in_which_order() -> None:
    assert [one.kind for one in manifests(facts())] == [
        "ConfigMap", "NetworkPolicy", "NetworkPolicy", "Job", "Deployment", "Deployment", "Service",
        "HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress", "Secret",
    ]  # fmt: skip
    assert [one.name for one in of_kind(facts(), "Deployment")] == ["shop-prod-web", "shop-prod-cleanup"]
    assert [one.kind for one in manifests(facts(services={"cleanup": CLEANUP}))] == WITHOUT_WEB
    bare = facts(services={"cleanup": CLEANUP | {"environment": {}}}, migrate=None, secrets=(), database="")
    assert [one.kind for one in manifests(bare)] == ["NetworkPolicy", "Deployment"]
    assert not of_kind(facts(hosts=()), "Ingress")


def test_they_name_each_other() -> None:
    known = facts()
    web_pods = of_kind(known, "Deployment")[0].body["spec"]["template"]["metadata"]["labels"]
    service, hpa, pdb = (of_kind(known, kind)[0].body for kind in ("Service", "HorizontalPodAutoscaler",
                                                                   "PodDisruptionBudget"))  # fmt: skip
    for selector in (service["spec"]["selector"], pdb["spec"]["selector"]["matchLabels"]):
        assert selector.items() <= web_pods.items()
        assert "app.kubernetes.io/version" not in selector
    assert service["spec"]["ports"][0]["targetPort"] == container(known)["ports"][0]["name"]
    assert hpa["spec"]["scaleTargetRef"]["name"] == of_kind(known, "Deployment")[0].name
    spec = of_kind(known, "Ingress")[0].body["spec"]
    assert spec["rules"][0]["host"] in spec["tls"][0]["hosts"]
    assert spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == service["metadata"]["name"]


def test_web_is_scaled_by_one_and_others_by_what_is_said() -> None:
    known = facts(replicas={"web": 2, "cleanup": 3})
    spec = of_kind(known, "HorizontalPodAutoscaler")[0].body["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    of_web, cleanup = (one.body["spec"] for one in of_kind(known, "Deployment"))
    assert "replicas" not in of_web  # each apply would take back what was scaled
    assert cleanup["replicas"] == 3
    assert of_web["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert of_kind(web(scale=4), "HorizontalPodAutoscaler")[0].body["spec"]["minReplicas"] == 4


def test_what_all_have_alike_is_a_config_map_that_is_named_by_it() -> None:
    known = facts()
    found = of_kind(known, "ConfigMap")[0]
    assert found.body["data"] == {"ALGORITHM": "HS256"}
    assert found.body["immutable"] is True
    assert container(known)["envFrom"] == [{"configMapRef": {"name": found.name}}]
    assert [one["name"] for one in container(known)["env"]] == ["DATABASE_HOSTNAME", "METRICS_PORT", "PORT"]
    other = {"environment": {"ALGORITHM": "HS512"}}
    changed = facts(services={"web": WEB | other, "cleanup": CLEANUP | other}, migrate=MIGRATE | other)
    assert of_kind(changed, "ConfigMap")[0].name != found.name
    assert of_kind(changed, "Job")[0].name != of_kind(known, "Job")[0].name
    assert of_kind(facts(), "Job")[0].name == of_kind(known, "Job")[0].name


def test_no_manifest_has_what_is_secret_and_the_api_server_takes_no_placeholder() -> None:
    values = {"SMTP_PASSWORD": "hunter2hunter2", "DATABASE_PASSWORD": "correct horse", "PORT": "8000"}
    known = replace(web(environment=values), kept=frozenset({"SMTP_PASSWORD"}))
    text = stream(manifests(known), overview(known, "", []))
    assert "hunter2" not in text
    assert "correct horse" not in text
    found = of_kind(known, "Secret")[0]
    assert found.body["data"] == dict.fromkeys(["DATABASE_PASSWORD", "SMTP_PASSWORD"], PLACEHOLDER)
    with pytest.raises(binascii.Error):
        base64.b64decode(PLACEHOLDER, validate=True)
    given = {one["name"]: one for one in container(known)["env"]}
    reference = {"secretKeyRef": {"name": "shop-prod-secrets", "key": "SMTP_PASSWORD"}}
    assert given["SMTP_PASSWORD"]["valueFrom"] == reference
    assert "  grep -E '^(DATABASE_PASSWORD|SMTP_PASSWORD)=' .env.prod | kubectl create secret generic" in found.notes[1]
    of_a_program = of_kind(facts(sought=("DATABASE_PASSWORD",)), "Secret")[0].notes
    assert "DATABASE_PASSWORD: of the program that [tool.slipway.secrets-from] names" in "\n".join(of_a_program)
    assert "grep" not in "\n".join(of_a_program)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"database": "192.0.2.7", "database_port": 6432},
         [{"ports": [{"protocol": "TCP", "port": 6432}], "to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}]}]),
        ({"database": "2001:db8::7"},
         [{"ports": [{"protocol": "TCP", "port": 5432}], "to": [{"ipBlock": {"cidr": "2001:db8::7/128"}}]}]),
        ({}, [{"ports": [{"protocol": "TCP", "port": 5432}]}]),
        ({"database": ""}, []),
        ({"database": "", "services": {"web": WEB | {"environment": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://o.example"}}}},
         [{"ports": [{"protocol": "TCP", "port": 443}]}]),
    ],
)  # fmt: skip
def test_pods_reach_the_database_and_dns_and_clients_reach_web(said: dict[str, Any], found: list[Any]) -> None:
    every, of_web = of_kind(facts(**said), "NetworkPolicy")
    assert every.body["spec"]["policyTypes"] == ["Ingress", "Egress"]
    dns, *rest = every.body["spec"]["egress"]
    assert [one["port"] for one in dns["ports"]] == [53, 53]
    assert rest == found
    assert of_web.body["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "web"
    assert of_web.body["spec"]["ingress"][0]["ports"] == [{"port": "http"}]


def test_the_text_says_what_it_is_and_is_the_same_each_time() -> None:
    known = facts(hosts=())
    said = overview(known, "", ["web: a"])
    text = stream(manifests(known), said)
    assert text == stream(manifests(facts(hosts=())), said)
    assert text.startswith("# Rendered by Slipway ")
    assert "# Slipway's authors have never applied them to a cluster" in text
    assert "# - web: a\n" in text
    assert "# No Ingress: .env.prod has no DOMAIN.\n" in text
    assert [one["kind"] for one in pyyaml.safe_load_all(text)] == [one.kind for one in manifests(known)]


def test_a_folder_has_a_file_each_and_nothing_of_the_export_before(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "k8s"
    first = files(manifests(facts()), ["x"])
    assert write(folder, first) == sorted(first, key=lambda name: (name != "README.txt", name))
    assert {one.name for one in folder.iterdir()} == first.keys()
    assert [name for name in first if name.endswith(".example")] == ["11-secret-secrets.yaml.example"]
    (folder / "kustomization.yaml").write_text("mine")
    second = files(manifests(facts(services={"cleanup": CLEANUP})), ["Rendered by Slipway: x"])
    with pytest.raises(Problem, match=r"README\.txt was not written by inv export"):  # it said something else
        write(folder, second)
    (folder / "README.txt").write_text("# Rendered by Slipway 0")
    write(folder, second)
    assert {one.name for one in folder.iterdir()} == second.keys() | {"kustomization.yaml"}
    with pytest.raises(Problem, match="cannot be written"):
        write(folder / "kustomization.yaml", second)
