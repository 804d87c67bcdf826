"""Native enums in models: new values, new types, values that go."""

from pathlib import Path

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.database.lint import lint
from slipway.schema import protocol
from slipway.schema.answers import Checked
from tests.slipway.schema.shop import MODEL, TEMPLATE, made, serve
from tests.slipway.schema.support import Service
from tests.support import ROOT

HEAD = """import enum
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
"""
DECORATED = "class Mine(sa.TypeDecorator):\n    impl, cache_ok = sa.Enum('a', 'z', {more}name='mood'), True\n"
PYTHON = "class Mood(enum.Enum):\n    one, two, three = 'a', {two}'z'\n"
# A type before, the same with more values, and these in order.
TYPES = [
    ("sa.Enum('a', 'z', name='at_the_end')", "sa.Enum('a', 'z', 'é:x''\\'', name='at_the_end')", ["a", "z", "é:x'"]),
    ("sa.Enum('a', 'z', name='between')", "sa.Enum('a', 'm', 'n', 'z', name='between')", ["a", "m", "n", "z"]),
    ("sa.ARRAY(sa.Enum('a', name='in_a_list'))", "sa.ARRAY(sa.Enum('a', 'b', name='in_a_list'))", ["a", "b"]),
    (
        "postgresql.ENUM('a', name='made', create_type=False)",
        "postgresql.ENUM('a', 'b', name='made', create_type=False)", ["a", "b"],
    ),
    ("sa.Enum('a', name='My Mood')", "sa.Enum('a', 'c', name='My Mood')", ["a", "c"]),
    ("sa.Enum('a', name='m', schema='other')", "sa.Enum('a', 'd', name='m', schema='other')", ["a", "d"]),
]  # fmt: skip


def column(kind: str, head: str = "") -> str:
    """Return models with a column of that type."""
    return f"{HEAD}{head}{MODEL}    b: Mapped[object | None] = mapped_column({kind})\n"


def labels(service: Service) -> list[list[str]]:
    """Return the values of each type."""
    rows = service.ask("SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum GROUP BY enumtypid")
    return [list(row[0]) for row in rows]


def migrated(service: Service, models: str, *before: str) -> None:
    """Bring a database to what these models are."""
    serve(service, models=models)
    if before:
        service.revision("0002", *(f'op.execute("{one}")' for one in before))
    service.run("upgrade")
    made(service, "--phase", "expand")
    assert service.run("upgrade").returncode == 0


def test_values_are_found_and_added_at_their_places(service: Service) -> None:
    def models(of: int) -> str:
        lines = (f"    c{n}: Mapped[object | None] = mapped_column({one[of]})\n" for n, one in enumerate(TYPES))
        return "".join([HEAD, MODEL, *lines])

    migrated(service, models(0), "CREATE SCHEMA other", "CREATE TYPE made AS ENUM ('a')")
    assert service.json("revise", "--message", "m")["files"] == []
    serve(service, models=models(1))

    (text,) = made(service, "--phase", "expand")

    assert text.count("ADD VALUE IF NOT EXISTS") == 1 + len(TYPES)
    assert "# PostgreSQL takes no value away" in text
    assert service.run("upgrade").returncode == 0
    assert sorted(labels(service)) == sorted(values for _, _, values in TYPES)
    assert service.json("revise", "--message", "m")["files"] == []


def test_a_new_type_goes_up_down_and_up_again_for_all_its_tables(service: Service) -> None:
    kind = "sa.Enum('a', 'b', name='mood')"
    others = "".join(
        f"\nclass {name}(Base):\n    __tablename__ = '{name}'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
        f"    mood: Mapped[str] = mapped_column({kind})\n"
        for name in ("one", "two")
    )

    migrated(service, column(kind) + others)
    checked = service.json("check")

    assert checked["models"] == ""
    assert [(one["error"], one["irreversible"], one["back"]) for one in checked["trials"]] == [("", "", [])] * 2
    serve(service, models=column(kind) + others + others.replace("one", "three").replace("two", "four"))
    (text,) = made(service)  # of a type that is there
    assert "CREATE TYPE" not in text
    assert service.run("upgrade").returncode == 0
    assert service.json("check")["trials"][2]["back"] == []
    assert labels(service) == [["a", "b"]]


@pytest.mark.parametrize("values", ["", ", values_callable=lambda kind: [one.value for one in kind]"])
def test_the_names_or_the_values_of_a_python_enum(service: Service, values: str) -> None:
    kind = f"sa.Enum(Mood{values})"
    migrated(service, column(kind, PYTHON.format(two="").replace("two, ", "")))

    serve(service, models=column(kind, PYTHON.format(two="'m', ")))
    made(service)
    assert service.run("upgrade").returncode == 0

    assert labels(service) == [["a", "m", "z"] if values else ["one", "two", "three"]]


def test_new_values_come_alone_and_the_rest_behind_them(service: Service) -> None:
    migrated(service, column("sa.Enum('a', name='mood')"))
    wider = column("sa.Enum('a', 'b', name='mood', ), server_default='b'") + "    c: Mapped[int | None]\n"
    serve(service, models=wider)

    assert "ADD VALUE" in service.json("check")["models"]
    told = service.json("revise", "--message", "m")

    (file,) = told["files"]
    assert "add_column" not in (service.root / file).read_text()
    assert told["notes"] == ["new values come first, alone. Then the rest: ./inv migrate, ./inv revision"]
    assert service.json("state")["pending"][0]["phase"] == "expand"
    assert service.run("upgrade").returncode == 0
    assert "add_column" in made(service)[0]
    assert service.run("upgrade").returncode == 0


@pytest.mark.parametrize("template", [TEMPLATE, ROOT / "alembic/script.py.mako"], ids=["alembic's", "ours"])
def test_new_values_are_an_expand_revision_and_the_linter_is_content(service: Service, template: Path) -> None:
    migrated(service, column("sa.Enum('a', name='mood')"))
    serve(service, models=column("sa.Enum('a', 'b', name='mood')"))
    (service.root / "alembic/script.py.mako").write_text(template.read_text())

    told = service.json("revise", "--message", "m", "--phase", "contract")

    assert told["notes"] == ["new values only add: this is an expand revision, what comes next contract"]
    trials = protocol.read(Checked, service.run("check", "--json").stdout).trials
    assert trials[-1].phase == "expand"
    assert lint(Shell(service.root, Steps()), trials[-1:]) == []


def test_a_value_that_no_model_has_is_only_told(service: Service) -> None:
    migrated(service, column("sa.Enum('a', 'b', name='mood')"))
    serve(service, models=column("sa.Enum('a', name='mood')"))

    told = service.json("revise", "--message", "m")

    assert told["files"] == []
    assert "the type mood keeps b, which no model has" in told["notes"][0]
    assert service.json("check")["models"] == ""


def test_a_value_that_a_check_refuses_is_told(service: Service) -> None:
    kind = "sa.Enum(\"it's\", 'b'{}, name='mood', native_enum=False, create_constraint=True, length=9)"
    migrated(service, column(kind.format("")))
    assert service.json("check")["models"] == ""
    serve(service, models=column(kind.format(", 'c'")))

    told = service.json("revise", "--message", "m")

    assert told["files"] == []
    assert told["notes"][0].startswith("the column t.b may not have c, as its model has: a CHECK lists the values")
    assert service.json("check")["models"] == told["notes"][0]
    again, check = (
        "ALTER TABLE t DROP CONSTRAINT mood",
        "ALTER TABLE t ADD CONSTRAINT mood CHECK (b IN ('it''s', 'b'{}))",
    )
    wider, before = check.format(", 'c'"), check.format("")
    service.revision(
        "zzzz", f'op.execute("{again}")', f'op.execute("{wider} NOT VALID")',
        down=f'op.execute("{again}"); op.execute("{before}")',
        extra="ignores = {'narrows': 'it lets more in than before'}",
    )  # fmt: skip
    service.follow("zzzz", service.at)
    checked = protocol.read(Checked, service.run("check", "--json").stdout)
    assert checked.models == ""
    assert lint(Shell(service.root, Steps()), checked.trials[-1:]) == []


def test_another_order_is_only_told(service: Service) -> None:
    migrated(service, column("sa.Enum('a', 'b', 'c', name='mood')"))
    serve(service, models=column("sa.Enum('c', 'a', name='mood')"))

    told = service.json("revise", "--message", "m")

    assert told["files"] == []
    assert "the type mood keeps b" in told["notes"][0]
    assert "the type mood sorts its values as a, c, and the models as c, a: PostgreSQL changes no" in told["notes"][1]


def test_a_type_has_what_any_of_its_columns_has(service: Service) -> None:
    def models(first: str, second: str) -> str:
        types = (f"sa.Enum({values}, name='mood')" for values in (first, second))
        return column(next(types)) + f"    c: Mapped[object | None] = mapped_column({next(types)})\n"

    migrated(service, models("'a', 'z'", "'a', 'm', 'z'"))
    assert labels(service) == [["a", "m", "z"]]

    serve(service, models=models("'a', 'y', 'z'", "'a', 'm', 'z'"))
    told = service.json("revise", "--message", "m")

    assert told["notes"] == []
    assert service.run("upgrade").returncode == 0
    assert labels(service) == [["a", "y", "m", "z"]]
    assert service.json("revise", "--message", "m")["files"] == []


def test_a_table_that_env_leaves_out_has_no_say(service: Service) -> None:
    migrated(service, column("sa.Enum('a', name='mood')"))
    serve(service, models=column("sa.Enum('a', 'b', name='mood')"))
    env = service.root / "alembic/env.py"
    env.write_text(env.read_text().replace("Base.metadata)", "Base.metadata, include_object=lambda *_: False)"))

    assert service.json("revise", "--message", "m")["files"] == []


def test_a_decorated_type_gets_values_and_one_that_is_no_type_is_left_alone(service: Service) -> None:
    more = "    c: Mapped[str | None] = mapped_column(sa.Enum('x', {}native_enum=False, length=9))\n"
    migrated(service, column("Mine", DECORATED.format(more="")) + more.format(""))

    serve(service, models=column("Mine", DECORATED.format(more="'m', ")) + more.format("'y', "))
    (text,) = made(service)

    assert text.count("op.execute") == 1
    assert service.run("upgrade").returncode == 0
    assert sorted(labels(service)[0]) == ["a", "m", "z"]
    assert service.json("check")["models"] == ""
