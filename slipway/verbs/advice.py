"""What messages advise: commands for the environment, and the engine, that their verb is about."""

import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from slipway.engine import client
from slipway.schema.words import DEPLOYS, VERBS, in_environment

if TYPE_CHECKING:
    from slipway.project.config import Project
    from slipway.verbs.seen import Seen

# What the engine of a context is asked for. What lies on one node of a Swarm (ps, exec, run, image) is not among them:
# messages say which node that is.
ASKED = ("service", "node", "config", "secret", "network", "swarm", "stack", "start", "logs", "rm", "volume create")
FILES = ("export",)  # verbs that ask no engine


def naming(session: "Seen", project: "Project") -> Callable[[str], str]:
    """Return what lets the commands in a text name environment and context."""

    def named(text: str) -> str:
        told = in_environment(text, project.environment, project.require_environment)
        return in_context(told, session.steps.prefix.get(client.CONTEXT, ""), bool(session.context))

    return named


def in_context(text: str, context: str, given: bool) -> str:
    """Let docker commands of a message name their context, "" for the shell's own; verbs too, where it was `given`."""
    if not context:
        return text
    option = f"--context {shlex.quote(context)}"
    text = re.sub(rf"\bdocker (?=(?:{'|'.join(ASKED)})\b)", lambda _: f"docker {option} ", text)
    if not given:
        return text
    verbs = "|".join(one for one in (*VERBS, *DEPLOYS) if one not in FILES)
    told = rf"(\./inv (?:{verbs})\b(?: --prod| --env [\w-]+)?)(?! --context)"
    return re.sub(told, lambda found: f"{found[1]} {option}", text)
