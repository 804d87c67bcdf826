"""docs/settings.md: every key of [tool.slipway], with the default that it has."""

import re
import tomllib
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest

from slipway.project.config import Project
from slipway.project.environments import AS_ELSEWHERE, Place
from slipway.project.reading import CAPITALS, OUTSIDE
from slipway.project.tables import TABLES
from tests.support import ROOT

PAGE = (ROOT / "docs/settings.md").read_text()
OF_OTHERS = {"name", "migrations", "source"}  # what they are by default stands elsewhere in the project
ROW = re.compile(r"^\| `([a-z0-9.-]+)` \| (.*?) \|", re.MULTILINE)


def keys(of: type, prefix: str = "") -> dict[str, Any]:
    """Return the keys of a table, and the default of each."""
    return {
        f"{prefix}{one.name.replace('_', '-')}": default(one)
        for one in fields(of)
        if one.name not in (*OUTSIDE, *(TABLES if of is Project else ())) and one.metadata != CAPITALS
    }


def default(of: "Field[Any]") -> Any:
    """Return the default of a field as TOML has it."""
    value = of.default_factory() if of.default_factory is not MISSING else of.default
    return list(value) if isinstance(value, tuple) else value


def rows(heading: str) -> dict[str, str]:
    """Return the keys below a heading, and what the page says of the default of each."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return dict(ROW.findall(found[1]))


OTHERS = {
    key: value
    for name, of in TABLES.items()
    if name not in ("tests", "database")
    for key, value in keys(of, f"{name}.").items()
}


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        ("[tool.slipway]", keys(Project)),
        ("[tool.slipway.database]", keys(TABLES["database"])),
        ("[tool.slipway.tests]", keys(TABLES["tests"])),
        ("[tool.slipway.environments.NAME]", keys(Place)),
        ("Other tables", OTHERS),
    ],
    ids=["project", "database", "tests", "environments", "others"],
)
def test_each_key_is_on_the_page_with_its_default(heading: str, wanted: dict[str, Any]) -> None:
    said = rows(heading)

    assert said.keys() == wanted.keys()
    for key, value in wanted.items():
        if key not in OF_OTHERS and value != AS_ELSEWHERE:
            assert tomllib.loads(f"it = {said[key].strip('`')}")["it"] == value, key
