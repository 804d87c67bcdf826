"""What is said and noted of the images that run beside the releases: the database's and the proxy's."""

from collections.abc import Iterable, Mapping, Sequence

from slipway.engine import references
from slipway.runtime.beside import LeftBehind
from slipway.runtime.release import Beside

HEX = 12  # digits that are shown of a digest


def noted(found: Iterable[Beside]) -> dict[str, str]:
    """Return what the ledger has of them: by name and tag, the digest in the registry, or the id for none."""
    return {_name(one.image): one.runs[0] for one in found}


def line(found: Iterable[Beside]) -> str:
    """Name them, for a plan."""
    # A Swarm tells of an image without a digest nothing but its name.
    return ", ".join(_name(one.image) + (f" {_short(one.runs)}" if one.runs[0] != one.image else "") for one in found)


def changed(found: Iterable[Beside], before: Mapping[str, str]) -> str:
    """Say which are others than the ledger has, "" for none; where it has nothing of any, nobody can tell."""
    words = []
    for one in found if before else ():
        name = _name(one.image)
        if name not in before:
            words.append(f"{name} is new: {_short(one.runs)}")
        elif before[name] not in one.runs:
            words.append(f"{name} has changed: {_short((before[name],), bare=True)} -> {_short(one.runs)}")
    return ", ".join(words)


def coming(one: Beside | None) -> str:
    """Say which image its container would have if it was made anew, "" for the one that it has."""
    if not one:
        return ""
    name, wanted = _name(one.image), _name(one.wanted or one.image)
    digest = references.digest(one.wanted)
    after = one.means or ((digest, "") if digest else ())  # one that is pinned, and not pulled yet
    if (not one.wanted and not one.moved) or set(one.runs) & set(after) or (not after and name == wanted):
        return ""
    then = _short(after) if after else "not on the engine yet"
    return f"{name} {_short(one.runs)} -> {then if wanted == name else f'{wanted} {then}'}"


def why(found: Iterable[Beside], service: str, redefined: str) -> str:
    """Say why a container is, or would be, made anew: `redefined` when its definition is another one."""
    one = of(found, service)
    new = coming(one)
    if one and one.moved:
        return f"its tag means another image by now ({new})"
    return f"{redefined} ({new})" if new else redefined


def left(behind: LeftBehind) -> str:
    """Say that a database goes on which is not the service's any more.

    It is never stopped by itself: nobody else knows whether one of these releases is still to be gone back to.
    """
    needed = f"; {', '.join(behind.releases)} would need it again" if behind.releases else ""
    return (
        f"is elsewhere; {behind.container} goes on{needed}. When nothing needs it any more: docker stop "
        f"{behind.container} (its data stays, docker start brings it back)"
    )


def of(found: Iterable[Beside], service: str) -> Beside | None:
    """Return that of a service, None where it doesn't run here."""
    return next((one for one in found if one.service == service), None)


def moved(found: Iterable[Beside], service: str) -> bool:
    """Tell whether the tag of a service's image means another one by now."""
    one = of(found, service)
    return bool(one and one.moved)


def _name(image: str) -> str:
    return image.partition("@")[0]


def _short(known: Sequence[str], bare: bool = False) -> str:
    # As `docker image ls` shows them: so many digits of a digest, or of an id, which is said to be one.
    kind, colon, digits = known[0].partition(":")
    return f"{kind}{colon}{digits[:HEX]}{'' if bare or len(known) > 1 else ' (id)'}"
