"""Backups where they lie: the jobs, and what becomes of files."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.core.shell import Ran
from slipway.database import store
from slipway.project.checkout import Checkout
from slipway.project.tables import DatabaseRules
from slipway.runtime import Job, Where
from tests.slipway.database.support import Noting, checkout, environment

MADE = "20261124T120000Z-0002.dump 1234"
LISTED = "20261123T120000Z-0001.dump 99\nnotes.dump 3\n20261124T120000Z-0002.dump 1234"


def noting(root: Path, *answers: Ran) -> Noting:
    """Return a runtime of a project in a folder."""
    of = checkout(root)
    return Noting(of, environment(of), *answers)


def test_a_function_of_the_script_is_called_like_a_program() -> None:
    command = store.script_command("remove", "a.dump", "b.dump")

    assert command == ["sh", "-c", store.SCRIPT, "sh", "remove", "a.dump", "b.dump"]
    assert isinstance(command[2], Script)  # it is shown by its name
    assert command[2].file == "slipway/database/backups.sh"


def test_a_backup_is_made_and_what_is_superfluous_removed(tmp_path: Path) -> None:
    old = "\n".join(f"20250101T0000{number:02}Z-0001.dump 1" for number in range(30))
    runtime = noting(tmp_path, Ran(0, MADE), Ran(0, f"{old}\n{MADE}"), Ran(0))

    assert store.make(runtime.checkout, runtime) == "20261124T120000Z-0002.dump"

    assert runtime.commands == ["make", "list", "remove"]
    assert {job.where for job in runtime.jobs} == {Where.DATABASE}
    kept = {f"20250101T0000{number:02}Z-0001.dump" for number in range(21, 30)}
    assert set(runtime.jobs[2].argv[5:]) == {line.split()[0] for line in old.splitlines()} - kept


def test_a_backup_that_fails_is_a_problem(tmp_path: Path) -> None:
    runtime = noting(tmp_path, Ran(2))

    with pytest.raises(Problem, match="No backup was made") as raised:
        store.make(runtime.checkout, runtime)

    assert raised.value.code == 1


class Newer(Noting):
    """A runtime beside a newer database; its programs are at hand, or `how` says how to have them."""

    how = ""

    def use_programs(self, major: int) -> str:
        """Note the version."""
        assert major == 18
        return self.how


def test_where_programs_are_too_old_those_of_the_database_take_their_place(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    too_old = [Ran(store.TOO_OLD), Ran(0, "18\n17")]
    runtime = Newer(of, environment(of), *too_old, Ran(0, MADE), Ran(0, MADE))

    assert store.make(of, runtime) == MADE.split()[0]
    assert runtime.commands == ["make", "majors", "make", "list"]

    runtime = Newer(of, environment(of), *too_old)
    runtime.how = "Do this."
    with pytest.raises(Problem) as raised:
        store.make(of, runtime)
    assert raised.value.message == (
        "No backup was made, and nothing was changed. The database is PostgreSQL 18; programs of PostgreSQL 17 refuse "
        "it. Do this."
    )
    with pytest.raises(Problem, match="of could not be told"):
        store.make(of, Newer(of, environment(of), too_old[0], Ran(2)))


def test_why_is_said_and_what_to_do(tmp_path: Path) -> None:
    gone = "pg_dump: error: query failed: server closed the connection unexpectedly"
    runtime = noting(tmp_path, Ran(1, "", gone))

    with pytest.raises(Problem) as raised:
        store.make(runtime.checkout, runtime)

    message = str(raised.value.message)
    assert message.startswith("No backup was made (see above), and nothing was changed. The database went away")
    assert "./inv status" in message


def test_a_copy_is_written_for_its_owner_alone_and_in_one_step(tmp_path: Path) -> None:
    class Printing(Noting):
        def run(self, job: Job) -> Ran:
            assert job.stdout
            job.stdout.write(b"the dump")
            return super().run(job)

    of = checkout(tmp_path)
    runtime, target = Printing(of, environment(of), Ran(0)), tmp_path / "copy of it.dump"
    target.write_text("another")

    store.copy_out(runtime, "x.dump", target)

    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"the dump", 0o600)
    assert runtime.jobs[0].argv[4:] == ["show", "x.dump"]
    assert not (tmp_path / "copy of it.dump.partial").exists()


def test_a_copy_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.write_text("another")

    with pytest.raises(Problem, match=r"x\.dump could not be copied"):
        store.copy_out(noting(tmp_path / "project", Ran(1)), "x.dump", target)

    assert target.read_text() == "another"


def test_where_no_copy_can_be_written_is_said_before(tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "nowhere/copy"):
        with pytest.raises(Problem, match="takes a file in a folder that is there"):
            store.check_target(target)
    store.check_target(tmp_path / "copy")


def test_a_backup_is_found_by_its_name_and_the_latest_without_one(tmp_path: Path) -> None:
    runtime = noting(tmp_path, *[Ran(0, LISTED)] * 4, Ran(0))

    assert [one.name for one in store.stored(runtime)] == [line.split()[0] for line in (LISTED.splitlines()[0], MADE)]
    assert store.find(runtime, "").name == "20261124T120000Z-0002.dump"
    assert store.find(runtime, "20261123T120000Z-0001").name == "20261123T120000Z-0001.dump"
    with pytest.raises(Problem, match=r"There is no backup notes\. \./inv backup --list"):
        store.find(runtime, "notes")
    with pytest.raises(Problem, match=r"There is no backup in .*/backups\. \./inv backup makes one"):
        store.find(runtime, "")


def test_a_backup_is_read_whole_before_it_takes_the_place(tmp_path: Path) -> None:
    runtime = noting(tmp_path, Ran(0, LISTED), Ran(0, "20261124T130000Z"), Ran(0))

    with store.to_restore(runtime.checkout, runtime.environment, runtime, "", "") as wanted:
        assert runtime.commands == ["list", "readable"]
        store.restore(runtime.checkout, runtime.environment, runtime, wanted)

    name, (new, kept) = "20261124T120000Z-0002.dump", runtime.jobs[2].argv[6:]
    assert runtime.jobs[2].argv[4:6] == ["restore", name]
    assert (wanted.backup, wanted.shown, wanted.database) == (name, name, "shop")
    assert (new, kept) == ("shop_restored_20261124t130000z", "shop_before_20261124t130000z")
    assert runtime.commands == ["list", "readable", "restore"]


def test_extensions_are_made_before_a_backup_is_read_into_the_new_database(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    of = Checkout(replace(of.project, database=DatabaseRules(("postgis",))), of.shell)
    runtime = Noting(of, environment(of), Ran(0), Ran(0), Ran(0))
    wanted = store.Restoration("a.dump", "a.dump", "shop", "20261124T120000Z")

    store.restore(runtime.checkout, runtime.environment, runtime, wanted)

    assert [job.where for job in runtime.jobs] == [Where.DATABASE, Where.SUPERUSER, Where.DATABASE]
    assert runtime.jobs[0].argv[4:] == ["create", wanted.fresh]
    assert runtime.jobs[1].argv[runtime.jobs[1].argv.index("-d") + 1] == wanted.fresh
    assert runtime.jobs[2].argv[4:6] == ["restore", "a.dump"]


def test_names_of_databases_stay_within_what_postgresql_takes() -> None:
    wanted = store.Restoration("a.dump", "a.dump", "x" * 63, "20261124T120000Z")

    assert max(len(wanted.kept), len(wanted.fresh)) <= 63
    assert wanted.kept != wanted.fresh


def test_a_file_is_taken_in_and_goes_whatever_happens(tmp_path: Path) -> None:
    runtime, file = noting(tmp_path / "project", Ran(0), Ran(1), Ran(0)), tmp_path / "copy of it.dump"
    file.write_bytes(b"no dump")

    with (
        pytest.raises(Problem, match=r"copy of it\.dump is broken \(see above\), and was not restored"),
        store.to_restore(runtime.checkout, runtime.environment, runtime, "", str(file)),
    ):
        raise AssertionError("it was not read")

    assert runtime.commands == ["take", "readable", "remove"]
    names = {job.argv[5] for job in runtime.jobs}
    assert len(names) == 1
    assert names.pop().endswith(".import")
    assert isinstance(runtime.jobs[0].stdin, io.BufferedReader)
    assert runtime.jobs[0].stdin.name == str(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    runtime = noting(tmp_path, Ran(0))

    with (
        pytest.raises(Problem, match=r"nowhere\.dump cannot be read: No such file"),
        store.to_restore(runtime.checkout, runtime.environment, runtime, "", "nowhere.dump"),
    ):
        pass
    with (
        pytest.raises(Problem, match="--backup and --file exclude each other"),
        store.to_restore(runtime.checkout, runtime.environment, runtime, "a", "b"),
    ):
        pass


def test_a_dump_goes_to_the_file_that_is_given(tmp_path: Path) -> None:
    runtime, file = noting(tmp_path, Ran(0), Ran(1)), io.BytesIO()

    store.dump(runtime, file)

    assert (runtime.commands, runtime.jobs[0].stdout) == (["dump"], file)
    with pytest.raises(Problem, match="There is no copy"):
        store.dump(runtime, file)
