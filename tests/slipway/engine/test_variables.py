"""Which variables of .env.example the Compose files pass on to the service."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine.variables import RESET, Reader, added, check, given, readers, wanted
from slipway.project.config import Project, load
from slipway.project.dotenv import schema
from tests.support import ROOT


def test_what_nobody_reads_is_told_from_what_inv_or_compose_reads(tmp_path: Path) -> None:
    (tmp_path / "compose.prod.yaml").write_text(
        "memory: ${WEB_MEMORY:-1g}\nat: $BARE\ncommand: echo $${INSIDE} $$OTHER\n"
    )
    names = ["KEY", "WEB_MEMORY", "BARE", "INSIDE", "OTHER", "TRUSTED_PROXIES", "COMPOSE_PROJECT_NAME"]
    service, inv, nobody = Reader.SERVICE, Reader.INV, Reader.NOBODY
    assert readers(names, {"KEY"}, Project(tmp_path, "shop", "1")) == dict(
        zip(names, [service, inv, inv, nobody, nobody, inv, inv], strict=True)
    )


def test_each_variable_of_this_project_is_read() -> None:
    example = schema((ROOT / ".env.example").read_text())
    shared = (ROOT / "compose.yaml").read_text()
    lines = {line.strip().removesuffix(":") for line in shared.splitlines()}
    found = readers([*example.required, *example.optional], lines, load(ROOT))
    assert Reader.NOBODY not in found.values()


def test_what_a_service_is_given_are_the_keys_also_of_what_is_not_set() -> None:
    assert given({"services": {"web": {"environment": {"A": None, "B": "1"}}, "db": {"environment": {"C": "1"}}}}) == {
        "A",
        "B",
    }
    assert given({"services": {"db": {}}}) == set()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["A"], "A in .env would reach no container: compose.yaml does not pass it on. ./inv env --fix writes the"),
        (["A", "B"], "A in .env and B in the environment would reach no container: compose.yaml does not pass them on"),
    ],
)  # fmt: skip
def test_the_lines_that_are_missing_are_named(
    names: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B", "1")
    project = Project(tmp_path, "shop", "1")
    check(["C"], {"C"}, project)
    with pytest.raises(Problem) as raised:
        check([*names, "C"], {"C"}, project)
    assert str(raised.value.message).startswith(said)
    assert str(raised.value.message).endswith("".join(f"\n      {name}:" for name in names))


ANCHOR = "x-settings: &settings\n  A:\n  # why\n  B: ${B:-1}  # so\n\nservices:\n  web: {environment: *settings}\n"
MAPPING = "services:\n  web:\n    environment:\n      A:\n      B:\n    image: x\n  db:\n    environment:\n      A: 1\n"
LIST = "services:\n  web:\n    environment:\n      - A\n      - B=1\n    image: x\n"
RELEASE = (
    "services:\n  web:\n    build: !reset null\n    environment:\n      X: y\n      A: !reset null\n    image: x\n"
)


@pytest.mark.parametrize(
    ("text", "line", "after"),
    [
        (ANCHOR, "{name}:", ANCHOR.replace("  # so\n", "  # so\n  NEW:\n  MORE:\n")),
        (MAPPING, "{name}:", MAPPING.replace("      B:\n", "      B:\n      NEW:\n      MORE:\n")),
        (LIST, "{name}:", LIST.replace("B=1\n", "B=1\n      - NEW\n      - MORE\n")),
        (RELEASE, RESET, RELEASE.replace("    image", "      NEW: !reset null\n      MORE: !reset null\n    image")),
        ("a:\n  A:", "{name}:", "a:\n  A:\n  NEW:\n  MORE:\n"),
        ("a:\r\n  A:\r\nb:\r\n", "{name}:", "a:\r\n  A:\r\n  NEW:\r\n  MORE:\r\nb:\r\n"),
        ("services: {web: {environment: {A: 1}}}\n", "{name}:", None),
        ("", "{name}:", None),
    ],
    ids=["anchor", "mapping", "list", "reset", "last line", "windows", "one line", "empty"],
)  # fmt: skip
def test_variables_stand_beside_the_others(text: str, line: str, after: str | None) -> None:
    assert added(text, ["NEW", "MORE"], {"A", "B"}, line) == after


def test_what_is_secret_is_no_variable_in_production() -> None:
    assert wanted(["A", "KEY"], {"KEY": 12}) == {
        "compose.yaml": (["A", "KEY"], "{name}:"),
        "compose.prod.yaml": (["KEY"], "{name}: !reset null"),
        "compose.release.yaml": (["KEY"], "{name}: !reset null"),
    }
