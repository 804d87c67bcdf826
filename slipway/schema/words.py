"""What is said on the way, and messages that name the next command."""

import os
import re
import sys

# The verbs that act on an environment, and so take --prod. Messages name them without it: they are written where
# nobody knows in which environment they will be read.
VERBS = ("up", "down", "status", "ps", "logs", "shell", "migrate", "downgrade", "backup", "restore", "psql")


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"{here(text)}\n")
    sys.stderr.flush()


def here(text: str) -> str:
    """Let every `./inv VERB` of a message name the environment in which this program runs."""
    return in_environment(text, os.environ.get("SLIPWAY_ENV") or "dev")


def in_environment(text: str, environment: str) -> str:
    """Let every `./inv VERB` of a message name its environment."""
    if environment == "dev":
        return text
    return re.sub(rf"(\./inv (?:{'|'.join(VERBS)})\b)(?! --prod)", r"\1 --prod", text)
