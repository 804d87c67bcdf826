"""What tests of manifests share: what Compose prints of a web, and what is known beside it."""

from typing import Any

from slipway.export.facts import Facts, Manifest
from slipway.export.manifests import manifests
from slipway.export.settings import Given
from slipway.export.workloads import deployment

WEB: dict[str, Any] = {
    "cap_drop": ["ALL"], "command": None, "entrypoint": None, "image": "none", "init": True, "read_only": True,
    "environment": {
        "DATABASE_HOSTNAME": "db.example.net", "PORT": "8000", "METRICS_PORT": "9090", "WEB_CONCURRENCY": None,
        "SLIPWAY_ANSWERS": "/dev/shm/answers", "ALGORITHM": "HS256",
    },
    "healthcheck": {"start_period": "1m0s"}, "labels": {"dev.slipway.release": "none"},
    "logging": {"driver": "json-file"}, "mem_limit": "1073741824", "pids_limit": 512, "restart": "unless-stopped",
    "networks": {"database": {}, "default": {"aliases": ["web-none"]}}, "security_opt": ["no-new-privileges:true"],
    "stop_grace_period": "35s", "tmpfs": ["/tmp:size=64m,mode=1777,noexec,nosuid,nodev"],
    "volumes": [{"type": "volume", "source": "secrets", "target": "/run/secrets", "read_only": True, "volume": {}}],
}  # fmt: skip
CLEANUP = WEB | {"command": ["python", "-m", "app.cleanup"], "healthcheck": {"disable": True}, "mem_limit": "268435456"}
MIGRATE = WEB | {
    "command": ["python", "-m", "slipway.schema", "upgrade"], "environment": {"ALGORITHM": "HS256"}, "restart": "no",
    "tmpfs": ["/tmp:size=64m", "/run/secrets:size=1m"], "volumes": [], "healthcheck": {"disable": True},
}  # fmt: skip


def facts(**said: Any) -> Facts:
    """Return what is known of a release with web and cleanup, but for what is said."""
    known: dict[str, Any] = {
        "project": "shop", "deployment": "shop-prod", "image": "r.example/shop:1.2.3@sha256:ab", "version": "1.2.3",
        "services": {"web": WEB, "cleanup": CLEANUP}, "migrate": MIGRATE, "secrets": ("DATABASE_PASSWORD",),
        "user": "65532:65532", "hosts": ("shop.example.com",), "database": "db.example.net",
        "health": "/health/ready",
    }  # fmt: skip
    return Facts(**known | said)


def web(**said: Any) -> Facts:
    """Return what is known of a release with web alone, which has what is said."""
    return facts(services={"web": WEB | said})


def pod(known: Facts, name: str = "web") -> dict[str, Any]:
    """Return the pod of a service."""
    found: dict[str, Any] = deployment(name, known, Given(known)).body["spec"]["template"]["spec"]
    return found


def container(known: Facts, name: str = "web") -> dict[str, Any]:
    """Return the container of a service."""
    found: dict[str, Any] = pod(known, name)["containers"][0]
    return found


def of_kind(known: Facts, kind: str) -> list[Manifest]:
    """Return the manifests of a kind."""
    return [one for one in manifests(known) if one.kind == kind]
