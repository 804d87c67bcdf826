"""What a revision is refused or fails for, with a message that is about just that."""

from tests.slipway.schema.support import Service

LONG = "0002_add_what_every_customer_has_asked_for"


def test_a_name_for_which_there_is_no_room_is_refused_before_anything_runs(service: Service) -> None:
    service.begin()
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', down='op.drop_table("u")')
    service.revision(LONG, 'op.execute("CREATE TABLE v (a int)")')

    refused = service.run("upgrade")

    assert refused.returncode == 1
    assert f"{LONG} is a name of 42 characters, and the table alembic_version has room for 32" in refused.stderr
    assert service.at == "0001"
    assert "room for 32" in service.json("check")["trials"][2]["error"]


def test_without_a_table_yet_it_is_refused_in_its_turn(service: Service) -> None:
    service.revision(LONG, 'op.execute("CREATE TABLE v (a int)")')

    refused = service.run("upgrade")

    assert f"{LONG} is a name of 42 characters" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert service.at == "0001"


def test_who_has_made_room_is_not_refused(service: Service) -> None:
    service.begin()
    service.revision("0002", 'op.execute("ALTER TABLE alembic_version ALTER version_num TYPE varchar(99)")')
    service.revision(LONG)

    assert service.run("upgrade").returncode == 0
    assert service.at == LONG


def test_a_value_that_is_used_where_it_is_added_is_explained(service: Service) -> None:
    service.revision("0002", "op.execute(\"CREATE TYPE mood AS ENUM ('good')\")", down='op.execute("DROP TYPE mood")')
    service.revision(
        "0003",
        "op.execute(\"ALTER TYPE mood ADD VALUE 'bad'\")",
        "op.execute(\"ALTER TABLE t ADD COLUMN mood mood DEFAULT 'bad'\")",
        down='op.drop_column("t", "mood")',
    )
    way = "put it into a revision of its own, before this one"

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert way in failed.stderr
    assert service.at == "0002"
    assert way in service.json("check")["trials"][2]["error"]


def test_a_value_that_cannot_be_added_twice_is_explained(service: Service) -> None:
    service.revision("0002", "op.execute(\"CREATE TYPE mood AS ENUM ('good')\")", down='op.execute("DROP TYPE mood")')
    service.revision("0003", "op.execute(\"ALTER TYPE mood ADD VALUE 'bad'\")")

    error = service.json("check")["trials"][2]["error"]

    assert error.startswith("after its downgrade(), it cannot be applied again: ")
    assert "let it say ADD VALUE IF NOT EXISTS" in error


def test_a_type_that_does_not_become_another_by_itself_is_explained(service: Service) -> None:
    service.revision("0002", 'op.alter_column("t", "a", type_=sa.Integer())', phase="contract")

    assert "op.alter_column(..., postgresql_using=...)" in service.run("upgrade").stderr
    service.revision("0002", 'op.alter_column("t", "id", type_=sa.Date(), postgresql_using="id::date")')
    assert "postgresql_using" not in service.run("upgrade").stderr


def test_what_is_applied_is_not_called_unapplied_when_env_py_fails_after_it(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', down='op.drop_table("u")')
    env = service.root / "alembic/env.py"
    env.write_text(env.read_text() + "\nraise RuntimeError('late')\n")

    failed = service.run("upgrade")

    assert (failed.returncode, service.at) == (1, "0001")
    assert "0001 failed (see above): it is applied all the same, and what came after it failed." in failed.stderr
    env.write_text(env.read_text().replace("raise RuntimeError('late')", "import sys; sys.exit(9)"))
    assert "0002 ended early (SystemExit): it is applied all the same" in service.run("upgrade").stderr
    assert service.at == "0002"
    assert (
        "0002 ended early (SystemExit): it is taken back all the same"
        in service.run("downgrade", "--to", "0001").stderr
    )
    assert service.at == "0001"
