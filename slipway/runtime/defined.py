"""What the Compose files define for development, looked at before anything is built or started."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from slipway.engine import variables
from slipway.engine.compose import NOT_STARTED, UNREADABLE
from slipway.engine.stack import DATABASE, SERVICES, Stack
from slipway.project import values
from slipway.runtime.jobs import MIGRATE
from slipway.runtime.release import WEB


def check(stack: Stack, port: int) -> None:
    """Say which services are not started; raises Problem for what cannot be read, or variables that don't arrive."""
    config = json.loads(stack.shell.output(stack.compose(*SERVICES), env=stack.env(port), failed=UNREADABLE))
    variables.check(values.given(stack.project), variables.given(config), stack.project)
    if others := left_out(config["services"]):
        needs = sorted(others & set(config["services"].get(WEB, {}).get("depends_on") or ()))
        why = f", though {WEB} depends on {' and '.join(needs)}" if needs else ""
        names = sorted(others)
        start = f"docker compose up --detach {' '.join(names)}"
        stack.shell.steps.note("left out", f"{', '.join(names)}{why}: {NOT_STARTED}. To start it: {start}")


def left_out(services: Mapping[str, Any], known: Collection[str] = (WEB, MIGRATE, DATABASE)) -> set[str]:
    """Return the services that `inv` doesn't start."""
    return set(services) - set(known)
