"""Versions, and which of them a requirement allows: as far as telling locked versions apart needs it.

https://packaging.python.org/en/latest/specifications/version-specifiers/, and Poetry's `^`, `~` and `||`.
"""

import re

VERSION = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<kind>a|alpha|b|beta|c|rc|pre|preview)[-_.]?(?P<pre>\d*))?"
    r"(?P<post>-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?(?:[-_.]?dev[-_.]?(?P<dev>\d*))?(?:\+.*)?",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"\s*(?P<operator>\^|~=|~|===|==|!=|<=|>=|<|>|=|)\s*(?P<version>[^\s,|^~=!<>]+)\s*")
Key = tuple[int, tuple[int, ...], tuple[int, int], int, float]
LAST = 9  # above the kinds of versions before the final one


def key(version: str) -> Key:
    """Return what versions are ordered by; raises ValueError for what is none."""
    found = VERSION.fullmatch(version.strip())
    if not found:
        raise ValueError(f"{version!r} is no version")
    release = tuple(map(int, found["release"].split(".")))
    while len(release) > 1 and not release[-1]:
        release = release[:-1]
    before = (LAST, 0)
    if found["kind"]:
        before = ("ab".find(found["kind"][0].lower()) % 3, int(found["pre"] or 0))  # c, rc, pre and preview are one
    post = -1
    if found["post"]:
        post = int(re.sub(r"\D", "", found["post"]) or 0)
    dev = float("inf") if found["dev"] is None else int(found["dev"] or 0)
    if dev != float("inf") and before == (LAST, 0) and post < 0:
        before = (-1, 0)  # 1.0.dev1 comes before 1.0a1
    return int(found["epoch"] or 0), release, before, post, dev


def allows(constraint: str, version: str) -> bool:
    """Tell whether a requirement allows a version; raises ValueError for what is no requirement."""
    return any(all(_meets(version, one) for one in clauses(part)) for part in re.split(r"\|\|?", constraint))


def clauses(part: str) -> list[tuple[str, str]]:
    """Split the clauses of a requirement, all of which have to hold, into operator and version; raises ValueError."""
    found, place = [], 0
    part = part.strip().strip("()").strip()
    while place < len(part):
        clause = CLAUSE.match(part, place)
        if not clause:
            raise ValueError(f"{part!r} says nothing about versions")
        found.append((clause["operator"], clause["version"]))
        place = clause.end() + (part[clause.end() : clause.end() + 1] == ",")
    return found


def _meets(version: str, clause: tuple[str, str]) -> bool:
    operator, other = clause
    if other == "*":
        return True
    if other.endswith(".*"):
        bare = other[:-2]
        return (_below(bare, bare.count(".") + 1, version) and key(version) >= key(bare)) == (operator != "!=")
    one, against = key(version), key(other)
    numbers = VERSION.fullmatch(other)["release"].split(".")  # type: ignore[index]  # key() has read it
    if operator in ("^", "~", "~="):
        return one >= against and _below(other, _kept(operator, numbers), version)
    if operator in ("==", "===", "=", ""):
        return one == against
    return {"!=": one != against, "<=": one <= against, ">=": one >= against, "<": one < against, ">": one > against}[
        operator
    ]


def _kept(operator: str, numbers: list[str]) -> int:
    # How many numbers stay as they are.
    if operator == "^":
        return next((place for place, number in enumerate(numbers, 1) if int(number)), len(numbers))
    return max(1, min(2, len(numbers)) if operator == "~" else len(numbers) - 1)


def _below(other: str, kept: int, version: str) -> bool:
    release = [*key(version)[1], *([0] * kept)][:kept]
    return release == [*key(other)[1], *([0] * kept)][:kept]
