"""Messages that name the next command."""

import re


def in_environment(text: str, environment: str) -> str:
    """Let every `./inv VERB` of a message name its environment."""
    if environment == "dev":
        return text
    verbs = "backup|down|downgrade|logs|migrate|psql|restore|up"
    return re.sub(rf"(\./inv (?:{verbs})\b)(?! --prod)", r"\1 --prod", text)
