"""How pods are reached, and what they may reach."""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from slipway.engine.containers import WEB
from slipway.export.facts import INGRESS, Facts, Manifest, manifest

HTTP, DNS = 80, 53
PORTS = {"http": 80, "https": 443}
OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"
# What the Caddyfile does, and no Ingress does by itself.
CONTROLLERS = (
    "What stands in the Caddyfile is the controller's from now on, by annotations or settings of its own, and none is "
    "named here: bodies up to 10 MB that may take 25 minutes, 10 s for a head of 16 KB, WebSockets, "
    "Strict-Transport-Security, X-Forwarded-For with the client's address alone, no X-Request-ID from outside, no "
    "request sent twice, and nobody but the cluster at /metrics and /health."
)


def service(facts: Facts) -> list[Manifest]:
    """Return the Service of web, none without web."""
    if not facts.has_web:
        return []
    ports = [{"name": "http", "port": HTTP, "targetPort": "http"}]
    spec = {"type": "ClusterIP", "selector": facts.selector(WEB), "ports": ports}
    return [manifest("v1", "Service", facts, facts.called(WEB), WEB, {"spec": spec})]


def ingress(facts: Facts) -> list[Manifest]:
    """Return the Ingress, none without web or DOMAIN."""
    if not facts.has_web or not facts.hosts:
        return []
    name, certificate = facts.called(WEB), facts.called("tls")
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    http = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    spec = {
        "tls": [{"hosts": [*facts.hosts], "secretName": certificate}],
        "rules": [{"host": host, "http": http} for host in facts.hosts],
    }
    notes = [
        "Of the cluster's default class; for another one, patch in ingressClassName.",
        f"The certificate is in the Secret {certificate}, which cert-manager makes, or you:\n"
        f"  kubectl create secret tls {certificate} --cert FILE --key FILE",
        CONTROLLERS,
    ]
    return [manifest("networking.k8s.io/v1", "Ingress", facts, name, WEB, {"spec": spec}, *notes)]


def policies(facts: Facts) -> list[Manifest]:
    """Return what the release's pods may reach, and who may reach web."""
    egress = [{"ports": [{"protocol": one, "port": DNS} for one in ("UDP", "TCP")]}, *_database(facts), *_otlp(facts)]
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": facts.selector()},
        "policyTypes": ["Ingress", "Egress"],
        "egress": egress,
    }
    said = ["DNS", *(["the database"] if facts.database else []), *([OTLP] if _otlp(facts) else [])]
    note = (
        f"The release's pods reach {_and(said)} alone, and nobody reaches them. What else the service asks (mail, S3, "
        "other services) has to be added: on one machine it may ask everybody."
    )
    every = manifest("networking.k8s.io/v1", "NetworkPolicy", facts, facts.called("release"), "release", {"spec": spec},
                     note, *_of_database(facts))  # fmt: skip
    return [every, *_of_web(facts)]


def _of_web(facts: Facts) -> list[Manifest]:
    if not facts.has_web:
        return []
    spec = {
        "podSelector": {"matchLabels": facts.selector(WEB)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {INGRESS: "true"}}}], "ports": [{"port": "http"}]}],
    }
    notes = [
        "Only the Ingress controller asks web, whose word about the client is believed (FORWARDED_ALLOW_IPS). Name its "
        f"namespace:\n  kubectl label namespace NAMESPACE {INGRESS}=true",
        "A controller in the network of its node (hostNetwork) is none of a namespace: name the nodes' addresses "
        "(ipBlock). For Prometheus, add its namespace and the port metrics.",
    ]
    return [manifest("networking.k8s.io/v1", "NetworkPolicy", facts, facts.called(WEB), WEB, {"spec": spec}, *notes)]


def _database(facts: Facts) -> list[dict[str, Any]]:
    if not facts.database:
        return []
    rule: dict[str, Any] = {"ports": [{"protocol": "TCP", "port": facts.database_port}]}
    address = _address(facts.database)
    return [rule | ({"to": [{"ipBlock": {"cidr": address}}]} if address else {})]


def _of_database(facts: Facts) -> list[str]:
    if not facts.database or _address(facts.database):
        return []
    port = facts.database_port
    return [f"A policy knows no names: port {port} is open to any address. Add that of the database (ipBlock)."]


def _address(host: str) -> str:
    try:
        return str(ipaddress.ip_network(host.strip("[]")))
    except ValueError:
        return ""


def _otlp(facts: Facts) -> list[dict[str, Any]]:
    found = []
    for said in facts.services.values():
        value = (said.get("environment") or {}).get(OTLP) or ""
        if port := _port(value):
            found.append({"ports": [{"protocol": "TCP", "port": port}]})
    return [one for at, one in enumerate(found) if one not in found[:at]]


def _port(address: str) -> int:
    try:
        parts = urlsplit(address)
        return parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return 0


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def unfit(hosts: Mapping[str, Any] | tuple[str, ...]) -> list[str]:
    """Return what stands against names of an Ingress."""
    return [
        f"DOMAIN {host}, which no Ingress can have: a name alone, like shop.example.com"
        for host in hosts
        if _address(host) or not host.replace("*.", "", 1).replace("-", "").replace(".", "").isalnum()
    ]
