"""The health check of a Swarm's service."""

from collections.abc import Mapping
from typing import Any

from slipway.deploy.swarm.values import nanoseconds

TIMES = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}


def health(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the HealthConfig: what it leaves out is as the image has it."""
    if said.get("disable"):
        return {"Test": ["NONE"]}
    test = said.get("test") or []
    found: dict[str, Any] = {"Test": ["CMD-SHELL", test] if isinstance(test, str) else list(test)}
    found |= {name: nanoseconds(said[key]) for key, name in TIMES.items() if said.get(key)}
    found["Retries"] = int(said.get("retries") or 0)
    return {name: value for name, value in found.items() if value}
