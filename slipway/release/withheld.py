"""What a release's gates must not find: the key, its password, and the tokens of whoever releases.

A program's children inherit its variables, and everybody of the same user reads those that it was started with in
/proc/PID/environ, whatever it has removed since. So a release starts itself anew without them, and gets them through a
pipe: from then on they are in its memory alone.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence

from slipway.core.errors import Problem
from slipway.core.secrecy import is_secret
from slipway.trust import cosign

PIPE = "SLIPWAY_WITHHELD"  # the number of the pipe's end, for the process that was started anew
LIMIT = 60_000  # bytes that a pipe holds unread, everywhere


def names(environment: Mapping[str, str], builds: Sequence[str] = ()) -> set[str]:
    """Return the variables that gates must not find.

    Those that look like a secret by their name, and what cosign takes. Not those that a build reads its secrets from
    (`builds`, as --secret takes them), as the gates build as well.
    """
    needed = {found[1] for secret in builds if (found := re.search(r"(?:^|[,\"])env=([^,\"]+)", secret))}
    key = environment.get(cosign.PRIVATE, "")
    cosigns = {cosign.PRIVATE, cosign.PASSWORD, key.removeprefix("env://") if key.startswith("env://") else ""}
    return {name for name in environment if name in cosigns or is_secret(name)} - needed


def start_anew(command: Sequence[str], builds: Sequence[str] = ()) -> None:
    """Replace this process by the same command without what gates must not find; once it is replaced, read that.

    Returns in a process whose first variables have none of it, with all of it in `os.environ`. Raises Problem.
    """
    if given := os.environ.pop(PIPE, ""):
        with os.fdopen(int(given), "rb") as pipe:
            os.environ.update(json.load(pipe))
        return
    if not (withheld := {name: os.environ[name] for name in names(os.environ, builds)}):
        return
    text = json.dumps(withheld).encode()
    if len(text) > LIMIT:
        raise Problem(f"The variables {', '.join(sorted(withheld))} hold more than {LIMIT} bytes.")
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(text)
    os.set_inheritable(reading, True)
    rest = {name: value for name, value in os.environ.items() if name not in withheld}
    os.execve(command[0], list(command), {**rest, PIPE: str(reading)})  # noqa: S606
