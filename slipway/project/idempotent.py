"""What may be sent to the service twice: `[tool.slipway] idempotent`, as the proxy reads it."""

import re
from collections.abc import Sequence

from slipway.core.errors import Problem

SAFE = ("GET", "HEAD")  # which need no key
METHODS = (*SAFE, "POST", "PUT", "PATCH")  # the others have a body: a request without one may say no Content-Length
ENTRY = re.compile(rf"({'|'.join(METHODS)}) (/|(/([A-Za-z0-9._~-]+|{{[A-Za-z_][A-Za-z0-9_]*}}))+/?)")
KEYED_PLACE, SAFE_PLACE = "{$IDEMPOTENT:none}", "{$SAFE:none}"  # of the Caddyfile
AFTER_PLACE, UNTIL_PLACE = "{$REPEAT_AFTER:15s}", "{$REPEAT_UNTIL:20s}"
TO_FIND_ONE = 5  # more seconds, in which the second one finds somebody who listens; as lb_try_duration of all others
PARAMETER = re.compile(r"{\w+}")


def check(entries: Sequence[str]) -> None:
    """Raise Problem for what is no method and path."""
    for entry in entries:
        if not ENTRY.fullmatch(entry):
            raise Problem(
                f"pyproject.toml: [tool.slipway] idempotent has {entry!r}. Write {', '.join(METHODS[:-1])} or "
                f'{METHODS[-1]} and a path, which may have {{names}} for its parts: "POST /posts", "PUT /posts/{{id}}".'
            )


def told(caddyfile: str, entries: Sequence[str], after: int) -> str:
    """Return a Caddyfile with what is named in its place, and after how many seconds; as it is where nothing is.

    These are no variables of the proxy's container: for another one, that would be made anew, and connections cut.
    """
    if not entries:
        return caddyfile
    safe = [entry for entry in entries if entry.partition(" ")[0] in SAFE]
    keyed = [entry for entry in entries if entry not in safe]
    caddyfile = caddyfile.replace(KEYED_PLACE, expression(keyed) or KEYED_PLACE)
    caddyfile = caddyfile.replace(SAFE_PLACE, expression(safe) or SAFE_PLACE)
    return caddyfile.replace(AFTER_PLACE, f"{after}s").replace(UNTIL_PLACE, f"{after + TO_FIND_ONE}s")


def expression(entries: Sequence[str]) -> str:
    """Return what the method and path of such a request match as a whole; "" where there is none.

    It stands between quotation marks in the Caddyfile, so that nothing may be escaped in it.
    """
    return "|".join(PARAMETER.sub("[^/]+", entry.replace(".", "[.]")) for entry in entries)
