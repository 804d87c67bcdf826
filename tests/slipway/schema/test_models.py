"""Models in schemas of their own and with types of their own, by any env.py: written, applied, taken back."""

from tests.slipway.schema.shop import BASE, MODEL, made, serve
from tests.slipway.schema.support import Service

BILLS = f"""{MODEL}
from sqlalchemy import ForeignKey

class Bill(Base):
    __tablename__ = "bills"
    __table_args__ = {{"schema": "Billing"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    t: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("t.id"))
"""
TYPES = """
from sqlalchemy import String, TypeDecorator

class Short(TypeDecorator):
    impl = String
    cache_ok = True
"""
TYPED = "from shop.types import Short\n" + MODEL + "    b: Mapped[str | None] = mapped_column(Short(9))\n"
BARE = """revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
from alembic import op
import sqlalchemy as sa
def upgrade():
    ${upgrades or "pass"}
def downgrade():
    ${downgrades or "pass"}
"""


def test_a_table_in_a_schema_of_its_own_goes_all_the_way(service: Service) -> None:
    serve(service, models=BILLS)
    service.do("CREATE SCHEMA theirs", "CREATE TABLE theirs.x (a int)")  # no model's: left alone
    service.run("upgrade")

    assert "add_table" in service.json("check")["models"]
    (text,) = made(service, "--phase", "expand")

    assert text.index('CREATE SCHEMA IF NOT EXISTS "Billing"') < text.index("create_table('bills'")
    assert "theirs" not in text
    checked = service.json("check")
    assert (checked["models"], [one["error"] + one["irreversible"] for one in checked["trials"]]) == ("", ["", ""])
    assert checked["trials"][1]["back"] == []
    assert len(service.json("upgrade")["applied"]) == 1
    assert service.json("revise", "--message", "m")["files"] == []
    service.do("DROP SCHEMA theirs CASCADE")
    assert service.json("drift")["changes"] == []
    assert service.json("undo", "--to", "0001")["lost"] == [{"kind": "table", "name": '"Billing".bills', "rows": 0}]
    assert service.json("downgrade", "--to", "0001")["to"] == ["0001"]
    assert service.ask("SELECT to_regnamespace('\"Billing\"')") == [(None,)]
    assert len(service.json("upgrade")["applied"]) == 1


def test_what_env_says_of_schemas_itself_is_kept(service: Service) -> None:
    serve(service, models=BILLS)
    service.run("upgrade")
    env = service.root / "alembic/env.py"
    names = "include_name=lambda name, kind, _: kind != 'table' or name != 'bills')"
    env.write_text(env.read_text().replace("Base.metadata)", f"Base.metadata, {names}"))
    service.do('CREATE SCHEMA "Billing"', 'CREATE TABLE "Billing".bills (id int)')

    (text,) = made(service)

    assert "create_table('bills'" in text  # env.py hides the one that is there
    assert "CREATE SCHEMA" not in text


def test_the_default_schema_by_its_name_is_no_other(service: Service) -> None:
    serve(service, models=BILLS.replace("Billing", "public"))
    service.run("upgrade")

    assert 'Models name the schema "public"' in service.json("check")["models"]
    refused = service.run("revise", "--message", "m")
    assert refused.returncode == 1
    assert 'Models name the schema "public"' in refused.stderr


def test_a_type_of_the_services_own_is_imported(service: Service) -> None:
    serve(service, types=TYPES, models=TYPED)
    service.run("upgrade")

    (text,) = made(service)

    assert "\nimport shop.types\n" in text
    assert "shop.types.Short(length=9)" in text
    assert service.run("upgrade").returncode == 0
    checked = service.json("check")
    assert (checked["models"], [one["error"] for one in checked["trials"]]) == ("", ["", ""])


MADE_OF = """
import enum
from sqlalchemy import String, TypeDecorator
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

class Unit(enum.Enum):
    one = 1

class Notes(TypeDecorator):
    impl, cache_ok = JSONB, True

class Tags(TypeDecorator):
    impl, cache_ok = ARRAY(String(9)), True

class Money(TypeDecorator):
    impl, cache_ok, unit = String, True, Unit.one
    def __repr__(self):
        return f"Money({self.unit!r})"
"""


def test_what_a_type_is_made_of_is_imported_as_well(service: Service) -> None:
    columns = "".join(f"    {one}: Mapped[object | None] = mapped_column({one.title()})\n" for one in ("notes", "tags"))
    serve(service, types=MADE_OF, models=f"from shop.types import Notes, Tags\n{MODEL}{columns}")
    service.run("upgrade")

    (text,) = made(service)

    assert "shop.types.Notes(astext_type=Text())" in text
    assert service.run("upgrade").returncode == 0
    assert [one["error"] for one in service.json("check")["trials"]] == ["", ""]


def test_a_type_that_shows_itself_as_no_code_leaves_no_file_behind(service: Service) -> None:
    money = "    money: Mapped[object | None] = mapped_column(Money)\n"
    serve(service, types=MADE_OF, models=f"from shop.types import Money\n{MODEL}{money}")
    service.run("upgrade")

    refused = service.run("revise", "--message", "m")

    assert refused.returncode == 1
    assert "is no Python: op.add_column('t', sa.Column('money', shop.types.Money(<Unit.one: 1>)" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [path.name for path in (service.root / "alembic/versions").glob("*.py")] == ["0001.py"]
    assert service.run("upgrade").returncode == 0


def test_a_template_without_imports_and_phase_loses_neither(service: Service) -> None:
    serve(service, types=TYPES, models=TYPED)
    (service.root / "alembic/script.py.mako").write_text(BARE)
    service.run("upgrade")

    (text,) = made(service, "--phase", "contract")
    (empty,) = made(service, "--how", "empty", "--phase", "expand")

    assert "\nimport shop.types\n" in text
    assert '\nphase: str = "contract"\n' in text
    assert '\nphase: str = "expand"\n' in empty
    assert service.json("state")["pending"][0]["phase"] == "contract"
    assert service.run("upgrade").returncode == 0


def test_a_prefix_that_env_gives_types_is_kept(service: Service) -> None:
    serve(service, types=TYPES, models=TYPED, base=f"{BASE}\n")
    env = service.root / "alembic/env.py"
    env.write_text(env.read_text().replace("Base.metadata)", "Base.metadata, user_module_prefix='mine.')"))
    service.run("upgrade")

    (text,) = made(service)

    assert "mine.Short(length=9)" in text
    assert "import shop.types" not in text
