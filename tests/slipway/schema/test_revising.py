"""Revisions that are written from what differs, and what is said where nothing does."""

import json

import pytest

from slipway.schema import protocol
from slipway.schema.answers import Revised
from tests.slipway.schema.shop import BILL, MODEL, made, serve
from tests.slipway.schema.support import Service

MOOD = f"{MODEL}    mood: Mapped[str | None]\n"


def test_what_differs_is_written_and_then_applies(service: Service) -> None:
    serve(service, models=MOOD)
    service.run("upgrade")

    (text,) = made(service)

    assert "op.add_column('t', sa.Column('mood', sa.String()" in text
    assert service.run("upgrade").returncode == 0
    assert protocol.read(Revised, service.run("revise", "--message", "m", "--json").stdout) == Revised()


def test_a_table_that_no_revision_has_made_is_not_dropped_in_silence(service: Service) -> None:
    serve(service)
    service.run("upgrade")
    service.do("CREATE TABLE stranger (id int)", "DROP TABLE t")

    told = service.json("revise", "--message", "m")
    assert [note.partition(" and all")[0] for note in told["notes"]] == ["it drops the table stranger"]
    assert "drop_table('stranger')" in (service.root / told["files"][0]).read_text()


def test_a_model_that_env_does_not_import_is_named_and_nothing_is_written(service: Service) -> None:
    serve(service, bills=BILL)
    service.run("upgrade")
    before = sorted((service.root / "alembic/versions").iterdir())

    told = protocol.read(Revised, service.run("revise", "--message", "m", "--json").stdout)

    assert told == Revised((), ("shop.bills",))
    assert sorted((service.root / "alembic/versions").iterdir()) == before
    checked = service.json("check")
    assert (checked["models"], checked["unimported"]) == ("", ["shop.bills"])
    serve(service, bills=BILL, models=f"import shop.bills\n{MODEL}")
    assert service.json("check")["unimported"] == []
    (text,) = made(service)
    assert "create_table('bills'" in text


def test_a_hook_of_env_that_writes_no_empty_revision_goes_on_to_work(service: Service) -> None:
    serve(service)
    env = service.root / "alembic/env.py"
    hook = "def hook(_context, _revision, made):\n    if made[0].upgrade_ops.is_empty():\n        made[:] = []\n"
    env.write_text(hook + env.read_text().replace("Base.metadata)", "Base.metadata, process_revision_directives=hook)"))
    service.run("upgrade")

    assert service.json("revise", "--message", "m")["files"] == []
    serve(service, models=MOOD)
    assert len(made(service)) == 1


def test_one_that_is_empty_and_one_that_joins_are_written_as_ever(service: Service) -> None:
    serve(service)
    service.revision("0002")
    (empty,) = made(service, "--how", "empty")
    assert "pass" in empty
    service.revision("0003")
    service.follow("0003", "0001")

    refused = service.run("revise", "--message", "m")
    (joined,) = made(service, "--how", "merge")

    assert refused.returncode == 1
    assert "./inv revision --merge" in refused.stderr
    assert "'0003'" in joined


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("import nowhere\n", "No module named 'nowhere'"),
        ("raise SystemExit('DATABASE_PORTS is unknown')\n", "DATABASE_PORTS is unknown"),
    ],
    ids=["import", "settings"],
)
def test_models_that_cannot_be_imported_show_why(service: Service, broken: str, said: str) -> None:
    serve(service, models=broken)

    for command in ("revise", "check"):
        failed = service.run(command, "--json")
        assert said in failed.stdout + failed.stderr
        assert failed.returncode == (1 if command == "revise" else 0)


def test_the_database_has_to_be_at_the_newest_revision(service: Service) -> None:
    serve(service, models=MOOD)

    failed = service.run("revise", "--message", "m")

    assert failed.returncode == 1
    assert failed.stderr == "Models are compared with a database at the newest revision: ./inv migrate\n"


def test_models_without_a_revision_are_told(service: Service) -> None:
    serve(service)
    (service.root / "alembic/versions/0001.py").unlink()

    assert "add_table" in json.loads(service.run("check", "--json").stdout)["models"]
