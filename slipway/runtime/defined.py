"""What the Compose files define for development, looked at before anything is built or started."""

import json

from slipway.engine import variables
from slipway.engine.compose import UNREADABLE
from slipway.engine.stack import SERVICES, Stack
from slipway.project import values


def check(stack: Stack, port: int) -> None:
    """Raise Problem for what cannot be read, or variables that don't arrive."""
    config = json.loads(stack.shell.output(stack.compose(*SERVICES), env=stack.env(port), failed=UNREADABLE))
    variables.check(values.given(stack.project), variables.given(config), stack.project)
