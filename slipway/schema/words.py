"""What is said on the way, and messages that name the next command."""

import os
import re
import sys

# The verbs that act on an environment, and so take --prod and --env. Messages name them without it: they are written
# where nobody knows in which environment they will be read. Those that deploy are about production unless told.
VERBS = (
    "up", "down", "status", "ps", "logs", "shell", "run", "python", "migrate", "downgrade", "backup", "restore", "psql",
    "rotate", "maintenance", "env",
)  # fmt: skip
DEPLOYS = ("deploy", "rollback", "releases", "nodes", "drain", "export")
DEV, PROD = "dev", "prod"


def say(text: str) -> None:
    """Print a line; every `./inv VERB` in it names the environment in which this program runs."""
    sys.stderr.write(f"{in_environment(text, os.environ.get('SLIPWAY_ENV') or DEV)}\n")
    sys.stderr.flush()


def in_environment(text: str, environment: str, required: bool = False) -> str:
    """Let every `./inv VERB` of a message name its environment; also the usual one where that is `required`."""
    if environment == DEV and not required:
        return text
    verbs: tuple[str, ...] = VERBS
    option = "--prod"
    if environment != PROD or required:
        verbs, option = (VERBS if environment == DEV else (*VERBS, *DEPLOYS)), f"--env {environment}"
    return re.sub(rf"(\./inv (?:{'|'.join(verbs)})\b)(?! --prod| --env)", rf"\1 {option}", text)
