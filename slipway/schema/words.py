"""What is said on the way, and messages that name the next command."""

import re
import sys


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def in_environment(text: str, environment: str) -> str:
    """Let every `./inv VERB` of a message name its environment."""
    if environment == "dev":
        return text
    verbs = "backup|down|downgrade|logs|migrate|psql|restore|up"
    return re.sub(rf"(\./inv (?:{verbs})\b)(?! --prod)", r"\1 --prod", text)
