"""How long calls of the Docker client and of oras may take.

An engine on two processors, with twenty processes at work, answers in half a second, and at most in one.
"""

from collections.abc import Sequence
from dataclasses import replace

from slipway.core.limits import ACT, ASK, KINDS, MOVE, REMEDIES, SOON, WORK, Limit

REGISTRY = Limit(30, asks=True)  # it is asked over a network, for a token first
JOB = replace(WORK, grace=SOON)  # it is at work in a container, and the client only looks on
STOP = 10  # seconds that a container has, unless it says otherwise

ASKING = (
    "inspect", "ps", "version", "info", "history", "logs", "port", "image inspect", "image ls", "volume inspect",
    "volume ls", "network inspect", "network ls", "context inspect", "buildx inspect", "buildx version",
    "compose config", "compose ps", "compose version",
)  # fmt: skip
ACTING = (
    "exec", "start", "rm", "tag", "volume create", "volume rm", "network create", "network rm",
    "network connect", "network disconnect",
)  # fmt: skip
OF = ("compose", "image", "volume", "network", "context", "buildx")  # a word of their own follows
WORKING = ("wait", "compose exec", "compose logs")


def words(argv: Sequence[str]) -> str:
    """Return what the client is told to do: `inspect`, `volume ls`, `compose up`.

    The options that come before a word of Compose each have a value.
    """
    first, *rest = argv[1:] or [""]
    if first == "compose":
        while rest[:1] and rest[0].startswith("--"):
            rest = rest[2:]
    return " ".join([first, *rest[:1]]) if first in OF else first


def docker(argv: Sequence[str]) -> Limit:
    """Return what a call of the Docker client may take: as what moves data, unless it is known better."""
    called = words(argv)
    if called in WORKING or (called == "logs" and "--follow" in argv):
        return JOB
    if called == "buildx imagetools":
        return REGISTRY
    return ASK if called in ASKING else ACT if called in ACTING else MOVE


def starting(count: int) -> Limit:
    """Return what the start of so many containers may take: it is one after the other."""
    return replace(ACT, seconds=max(count, 1) * (ACT.seconds or 0))


def stopping(*graces: int | None) -> Limit:
    """Return what the stop of containers may take, which have these seconds for what they are at."""
    longest = max((STOP if one is None else one for one in graces), default=STOP)
    return replace(ACT, seconds=longest + (ACT.seconds or 0))


KINDS |= {"docker": docker, "oras": lambda _: MOVE}
REMEDIES |= {"docker": "is the engine well? docker version"}
