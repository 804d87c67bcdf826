"""What may be sent to the service twice: `[tool.slipway] idempotent`, as the proxy reads it."""

import re
from collections.abc import Sequence

from slipway.core.errors import Problem

METHODS = ("POST", "PUT", "PATCH")  # those with a body: a request without one may say no Content-Length
ENTRY = re.compile(rf"({'|'.join(METHODS)}) (/|(/([A-Za-z0-9._~-]+|{{[A-Za-z_][A-Za-z0-9_]*}}))+/?)")
PLACE = "{$IDEMPOTENT:none}"  # of the Caddyfile
PARAMETER = re.compile(r"{\w+}")


def check(entries: Sequence[str]) -> None:
    """Raise Problem for what is no method and path."""
    for entry in entries:
        if not ENTRY.fullmatch(entry):
            raise Problem(
                f"pyproject.toml: [tool.slipway] idempotent has {entry!r}. Write {', '.join(METHODS[:-1])} or "
                f'{METHODS[-1]} and a path, which may have {{names}} for its parts: "POST /posts", "PUT /posts/{{id}}".'
            )


def told(caddyfile: str, entries: Sequence[str]) -> str:
    """Return a Caddyfile with what is named in its place; as it is where nothing is.

    It is no variable of the proxy's container: for another one, that would be made anew, and connections cut.
    """
    return caddyfile.replace(PLACE, expression(entries) or PLACE)


def expression(entries: Sequence[str]) -> str:
    """Return what the method and path of such a request match as a whole; "" where there is none.

    It stands between quotation marks in the Caddyfile, so that nothing may be escaped in it.
    """
    return "|".join(PARAMETER.sub("[^/]+", entry.replace(".", "[.]")) for entry in entries)
