"""What a change of the schema breaks for the release before."""

import re
from typing import Any

from slipway.schema.answers import Change


def judge(change: Change) -> tuple[str, str] | None:
    """Return the rule that a change of an expand revision breaks, and how.

    None when the release before can live with it: taking a check or a foreign key away lets more in, and the loss of a
    plain index only costs time.
    """
    what, kind, name, before, after = change.what, change.kind, change.name, change.before, change.after
    if what == "renamed":
        return None if kind == "index" else ("renames", f"the {kind} {before} becomes {after}")
    if what == "dropped":
        harmless = kind in ("check", "foreign key", "exclusion", "index", "policy")
        return None if harmless else ("drops", f"the {kind} {name}")
    if what == "added":
        constrains = kind in ("check", "foreign key", "unique", "exclusion", "primary key", "unique index")
        demands = kind == "check" and "IS NOT NULL" in after  # also a new column has to be given then
        if constrains and (demands or not change.fresh):
            return "narrows", f"the new {kind} {name}: {after}"
        required = " not null" in after and not re.search(r" (default|identity|generated) ?", after)
        if kind == "column" and not change.fresh and required:
            return "narrows", f"the new column {name} has to be given: {after}"
        return None
    if kind == "column":
        return _narrowed(name, before, after)
    if kind == "enum" and not _holds(after, before):
        return "narrows", f"the enum {name}: {before} becomes {after}"
    if kind == "table" and "FOR VALUES" in before and "FOR VALUES" not in after:
        return "drops", f"the rows of {name} from the table that it was a partition of"
    if kind == "trigger" and after.endswith(" D"):
        return "drops", f"the trigger {name} is disabled"
    if kind in ("function", "procedure") and _returned(before) != _returned(after):
        return "narrows", f"the {kind} {name} returns something else"
    if kind == "table" and "row security" in after and "row security" not in before:
        return "narrows", f"the table {name} gets row security"
    if after == before.removesuffix(" NOT VALID"):  # it was demanded before
        return None
    if kind in ("domain", "type", "check", "foreign key", "unique", "exclusion", "primary key", "unique index"):
        return "narrows", f"the {kind} {name}: {before} becomes {after}"
    return None


def cannot_be_undone(change: Change) -> bool:
    """Tell whether PostgreSQL has no way back: a value stays in its enum, and a validated constraint stays so."""
    before, after = change.before, change.after
    validated = after == before.removesuffix(" NOT VALID")
    return change.what == "changed" and (validated or (change.kind == "enum" and _holds(after, before)))


def _narrowed(name: str, before: str, after: str) -> tuple[str, str] | None:
    old, new = _column(before), _column(after)
    text = f"the column {name}: {before} becomes {after}"
    if old["type"] != new["type"] and not _wider(old["type"], new["type"]):
        return "narrows", text
    if (new["required"] and not old["required"]) or (old["filled"] and not new["filled"]):
        return "narrows", text
    if old["required"] and not new["required"]:
        return "narrows", f"{text}; what reads it may find nothing"
    if new["fixed"] and not old["fixed"]:
        return "narrows", text
    return None


def _returned(definition: str) -> str:
    found = re.search(r"^ RETURNS (.*)$", definition, re.MULTILINE)
    return found[1] if found else ""


def _column(definition: str) -> dict[str, Any]:
    kind = re.split(r" (?:collate|not null|identity|default|generated)\b", definition, maxsplit=1)[0]
    filled = bool(re.search(r" (default|identity|generated)\b", definition))
    fixed = bool(re.search(r" (identity always|generated)\b", definition))
    return {"type": kind, "required": " not null" in definition, "filled": filled, "fixed": fixed}


def _wider(old: str, new: str) -> bool:
    # Whether every value of the old type is one of the new, and is stored the same.
    def parts(kind: str) -> tuple[str, list[int]]:
        found = re.fullmatch(r"([a-z ]+?)(?:\(([\d,]+)\))?", kind)
        return (found[1], [int(n) for n in (found[2] or "").split(",") if n]) if found else (kind, [])

    (old_name, old_sizes), (new_name, new_sizes) = parts(old), parts(new)
    if old_name == "character varying" and new == "text":
        return True
    if old_name != new_name or old_name not in ("character varying", "numeric", "bit varying"):
        return False
    if not new_sizes:
        return True
    return bool(old_sizes) and new_sizes[0] >= old_sizes[0] and new_sizes[1:] == old_sizes[1:]


def _holds(after: str, before: str) -> bool:
    # Every value is still there.
    return set(before.split(", ")) <= set(after.split(", "))
