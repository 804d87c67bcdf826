"""What schemathesis does before it sends a request."""

import re
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, HookContext


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, object]) -> None:
    """Use an Idempotency-Key once: with another body it would be refused, as it should be."""
    for name, value in case.headers.items():
        if name.lower() == "idempotency-key" and re.fullmatch(r"[\x21-\x7e]{1,255}", str(value)):
            case.headers[name] = uuid4().hex
