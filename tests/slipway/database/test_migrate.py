"""What is migrated when: in development, in production, beside a release that is live."""

from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import after, migrate, schema
from slipway.database.migrate import Migrated, Options, TakenBack, options, summary
from slipway.project.checkout import Checkout
from slipway.runtime import LiveRelease
from slipway.schema import NO_SCRATCH, NOT_YET
from slipway.schema.answers import Done, Upgraded
from tests.slipway.database.support import Noting, checkout, environment, revision, said

DONE = {"revision": "0002", "phase": "expand", "seconds": 0.1, "tries": 1}
APPLIED = said(**{"from": ["0001"], "to": ["0002"], "applied": [DONE], "waiting": []})
PENDING = {"at": ["0001"], "heads": ["0002"], "pending": [{"id": "0002", "message": "m", "phase": "expand"}]}
FULL = {"t": {"bytes": 8192, "rows": 1}}
MADE = "20261124T120000Z-0001.dump 1234"
BACKUP = [Ran(0, MADE), Ran(0, MADE)]
LIVE = LiveRelease("shop:0.1.0", "0001", "0.0.9")


def tried(**given: Any) -> dict[str, Any]:
    """Return a trial, as slipway.schema prints it."""
    return {"revision": "0002", "phase": "expand", "message": "m", "sql": "SELECT 1;\n"} | given


def test_options_that_exclude_each_other() -> None:
    assert options("0003", True, {"plan": True, "drift": False}) == Options("0003", True)
    with pytest.raises(Problem, match="--plan and --sql exclude each other"):
        options("", False, {"plan": True, "sql": True})
    assert options("", False, {"plan": False}, no_backup=True) == Options(no_backup=True)
    with pytest.raises(Problem, match="--plan changes nothing, and makes no backup: leave --no-backup out"):
        options("", False, {"plan": True}, no_backup=True)
    with pytest.raises(Problem, match="--drift takes neither"):
        options("0003", False, {"drift": True})


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (Upgraded((), ("0002",)), "at head, 0002"),
        (Upgraded((), ("0002",), waiting=("0003",)), "at 0002, 0003 waits"),
        (Upgraded((), ("0002",), (Done("0002"),)), "at 0002: 1 applied"),
        (Upgraded((), ()), "at head, no revisions"),
    ],
)
def test_summary(done: Upgraded, line: str) -> None:
    assert summary(done) == line


def test_without_a_backup_when_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    runtime = Noting(of, prod, said(**PENDING, apply=["0002"], sizes=FULL), APPLIED)

    done = migrate.apply(of, prod, runtime, Options(no_backup=True))

    assert runtime.commands == ["state", "upgrade"]
    assert done.noted == {"migrated": ("0002",), "backup": "", "without_backup": True}
    assert "  backup     none, as --no-backup says\n" in capsys.readouterr().err
    back = said(**{"from": ["0002"], "to": ["0001"], "taken back": [DONE]})
    assert migrate.downgrade(of, prod, Noting(of, prod, back), "0001", no_backup=True).without_backup
    assert not migrate.apply(of, environment(of), Noting(of, environment(of), APPLIED), Options(no_backup=True)).noted[
        "without_backup"
    ]


def test_a_backup_that_fails_names_the_way_without_one(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    runtime = Noting(of, prod, said(**PENDING, apply=["0002"], sizes=FULL), Ran(1))

    with pytest.raises(Problem) as raised:
        migrate.apply(of, prod, runtime)

    assert raised.value.message == f"No backup was made (see above), and nothing was changed.\n{migrate.WITHOUT}"


def test_in_development_it_is_applied_and_nothing_else(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of), APPLIED, live=[LIVE])

    done = migrate.apply(of, environment(of), runtime)

    assert done == Migrated(("0001",), ("0002",), (Done("0002", "expand", 0.1),))
    assert runtime.jobs[0].argv[3:] == ["upgrade", "--wait", "60", "--json"]


def test_in_production_a_backup_comes_first_when_there_is_something_to_lose(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    empty = Noting(of, prod, said(**PENDING, apply=["0002"]), APPLIED)
    full = Noting(of, prod, said(**PENDING, apply=["0002"], sizes=FULL), *BACKUP, APPLIED)

    assert migrate.apply(of, prod, empty).backup is None
    assert migrate.apply(of, prod, full).backup == "20261124T120000Z-0001.dump"

    assert empty.commands == ["state", "upgrade"]
    assert full.commands == ["state", "make", "list", "upgrade"]


def test_in_production_with_nothing_to_apply_nothing_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    runtime = Noting(of, prod, said(at=["0001"], waiting=["0002"], sizes=FULL), live=[LIVE])

    done = migrate.apply(of, prod, runtime, Options(to="0002", contract=True))

    assert done == Migrated(("0001",), ("0001",), waiting=("0002",))
    assert [job.argv[3:] for job in runtime.jobs] == [
        ["state", "--wait", "60", "--to", "0002", "--live", "shop:0.1.0=0001", "--contract", "--json"]
    ]
    assert "  migrate    at 0001, 0002 waits\n" in capsys.readouterr().err


def test_beside_a_live_release_what_would_harm_it_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    drops = {"what": "dropped", "kind": "table", "name": "t"}
    plan = said(**PENDING, trials=[tried(changes=[drops])])
    runtime = Noting(of, prod, said(**PENDING, apply=["0002"], sizes=FULL), plan, live=[LIVE])

    with pytest.raises(Problem, match=r"shop:0\.1\.0 is live, and these would harm it\. Nothing was applied"):
        migrate.apply(of, prod, runtime)

    assert runtime.commands == ["state", "plan"]
    assert "  0002  drops: the table t\n" in capsys.readouterr().err


def test_only_what_is_applied_now_has_to_be_harmless(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    plan = said(**PENDING, trials=[tried(), tried(revision="0003", phase="")])
    runtime = Noting(of, prod, said(**PENDING, apply=["0002"]), plan, APPLIED, live=[LIVE])

    migrate.apply(of, prod, runtime)

    assert runtime.commands == ["state", "plan", "upgrade"]


def test_a_login_that_cannot_make_a_scratch_database_migrates_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    pending = said(**PENDING, apply=["0002"])
    runtime = Noting(of, prod, pending, Ran(NO_SCRATCH), APPLIED, live=[LIVE])

    migrate.apply(of, prod, runtime)

    assert runtime.commands == ["state", "plan", "upgrade"]
    assert "not tried on a scratch database" in capsys.readouterr().err
    with pytest.raises(Problem, match="That could not be told"):
        migrate.apply(of, prod, Noting(of, prod, pending, Ran(1), live=[LIVE]))


def test_what_can_no_longer_be_gone_back_to_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    done = said(**{"from": ["0001"], "to": ["0002"], "applied": [DONE | {"phase": "contract"}]})
    plan = said(**PENDING, trials=[tried(phase="contract")])
    runtime = Noting(of, prod, said(**PENDING, apply=["0002"]), plan, done, live=[LIVE])

    migrate.apply(of, prod, runtime, Options(contract=True))

    assert "  from now   a release without 0002 (0.0.9) cannot be rolled back to\n" in capsys.readouterr().err


def test_what_has_to_wait_has_a_status_of_its_own(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of), Ran(NOT_YET))

    with pytest.raises(Problem) as raised:
        migrate.apply(of, environment(of), runtime)

    assert (raised.value.message, raised.value.code) == ("What is left has to wait (see above).", NOT_YET)


@pytest.mark.parametrize("verb", ["up", "migrate"])
def test_a_failure_ends_with_the_verb_that_goes_on_and_no_other(tmp_path: Path, verb: str) -> None:
    of = checkout(tmp_path)
    lost = Ran(1, "", "server closed the connection unexpectedly")
    with pytest.raises(Problem) as raised, schema.then(verb):
        migrate.apply(of, environment(of), Noting(of, environment(of), lost))
    message = str(raised.value.message)
    assert message.startswith("The migration failed (see above); nothing was started on its schema. The database went")
    assert message.endswith(f"\nOnce it is mended: ./inv {verb}")
    assert message.count("./inv m") == (verb == "migrate")
    with pytest.raises(Problem, match=r"has to wait \(see above\)\.', 3"), schema.then(verb):
        migrate.apply(of, environment(of), Noting(of, environment(of), Ran(NOT_YET)))


def test_without_migrations_there_is_nothing_to_ask(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none/pyproject.toml").write_text('[project]\nname = "shop"\nversion = "0.2.0"\n')
    of = Checkout.at(tmp_path / "none", checkout(tmp_path / "shop").steps)
    runtime = Noting(of, environment(of))

    after.up_to_date(of, environment(of), runtime)
    with pytest.raises(Problem, match="This project has no migrations"):
        migrate.apply(of, environment(of), runtime)
    assert runtime.jobs == []


def test_going_back_says_what_it_takes_back(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    here = environment(of)
    undone = [{"id": "0002", "message": "m", "phase": "expand", "ignores": {}, "sql": "DROP TABLE t"}]

    found = migrate.undo(of, here, Noting(of, here, said(at=["0002"], undone=undone, lost=[])), "0001")

    assert [(one.id, one.sql) for one in found.undone] == [("0002", "DROP TABLE t")]
    with pytest.raises(Problem, match="The database is at 0001: there is nothing to take back"):
        migrate.undo(of, here, Noting(of, here, said(at=["0001"])), "0001")
    with pytest.raises(Problem, match="Back to which revision"):
        migrate.undo(of, here, Noting(of, here), "")


@pytest.mark.parametrize(("heads", "said_of_it"), [("0002", "is live and needs 0002"), ("0009", "cannot be told")])
def test_what_a_live_release_needs_is_not_taken_back(tmp_path: Path, heads: str, said_of_it: str) -> None:
    of = checkout(tmp_path)
    prod = environment(of, "prod")
    revision(tmp_path, "0001", None)
    revision(tmp_path, "0002", "0001")
    undone = said(at=["0002"], undone=[{"id": "0002"}], lost=[])

    with pytest.raises(Problem, match=said_of_it):
        migrate.undo(of, prod, Noting(of, prod, undone, live=[LiveRelease("shop:0.2.0", heads)]), "0001")
    assert migrate.undo(of, prod, Noting(of, prod, undone, live=[LIVE]), "0001")


def test_before_production_goes_back_there_is_a_backup(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    dev, prod = environment(of), environment(of, "prod")
    back = said(**{"from": ["0002"], "to": ["0001"], "taken back": [DONE]})
    there = Noting(of, prod, *BACKUP, back)

    done = migrate.downgrade(of, prod, there, "0001")

    assert done == TakenBack(("0002",), ("0001",), (Done("0002", "expand", 0.1),), MADE.split()[0])
    assert there.commands == ["make", "list", "downgrade"]
    assert migrate.downgrade(of, dev, Noting(of, dev, back), "0001").backup is None
    with pytest.raises(Problem, match=schema.DOWNGRADE_FAILED.replace("(", r"\(").replace(")", r"\)")):
        migrate.downgrade(of, dev, Noting(of, dev, Ran(1)), "0001")
