"""How Kubernetes asks whether a pod is well: as the health check of its container is asked on Docker."""

import math
from collections.abc import Mapping
from typing import Any

from slipway.deploy.swarm.health import health
from slipway.deploy.swarm.values import nanoseconds
from slipway.engine.containers import WEB
from slipway.export.facts import Facts
from slipway.export.values import seconds

INTERVAL, TIMEOUT, RETRIES = 10, 3, 3  # of the image's own health check, and of Docker's times the last two
DOCKERS = 30  # seconds: interval and timeout of a check that says neither
OFTEN = 2  # seconds between two looks at a pod that was never ready
SHELL = "/bin/sh"


def probes(name: str, said: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the probes of a service that goes on.

    Of web, no liveness probe: gunicorn restarts workers that hang, and one that asks the health path would restart all
    pods while the database is away.
    """
    check = said.get("healthcheck") or {}
    test = health(check).get("Test") or []
    if test[:1] == ["NONE"] or not (test or name == WEB):
        return {}
    every, most, often = _times(check, bool(test))
    asked = _command(test) if test else _path(facts)
    patience = max(seconds(check["start_period"]) if check.get("start_period") else 0, facts.wait)
    found = {
        "startupProbe": {**asked, "periodSeconds": OFTEN, "timeoutSeconds": most,
                         "failureThreshold": math.ceil(patience / OFTEN)},
        "readinessProbe": {**asked, "periodSeconds": every, "timeoutSeconds": most, "failureThreshold": often},
    }  # fmt: skip
    return found if name == WEB else found | {"livenessProbe": dict(found["readinessProbe"])}


def _times(check: Mapping[str, Any], is_own: bool) -> tuple[int, int, int]:
    every, most = (DOCKERS, DOCKERS) if is_own else (INTERVAL, TIMEOUT)
    return (
        max(1, seconds(check["interval"])) if nanoseconds(check.get("interval") or 0) else every,
        max(1, seconds(check["timeout"])) if nanoseconds(check.get("timeout") or 0) else most,
        int(check.get("retries") or RETRIES),
    )


def _command(test: list[str]) -> dict[str, Any]:
    kind, *rest = test
    if kind == "CMD-SHELL":
        return {"exec": {"command": [SHELL, "-c", *rest]}}
    if kind != "CMD" or not rest:
        raise ValueError(f"healthcheck: {kind}, which is none of CMD, CMD-SHELL and NONE")
    return {"exec": {"command": rest}}


def _path(facts: Facts) -> dict[str, Any]:
    named = [{"name": "Host", "value": facts.health_host}] if facts.health_host else []
    return {"httpGet": {"path": facts.health, "port": "http"} | ({"httpHeaders": named} if named else {})}
