"""A job is one command line on an engine and another on this machine; what it is stays the same."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine.containers import SERVICE, Container
from slipway.engine.stack import Stack
from slipway.runtime import SERVICE_PYTHON, Job, Where
from slipway.runtime.host import HostRuntime
from slipway.runtime.jobs import ComposeJobs
from tests.slipway.runtime.support import PASSWORD, Became, Call, Noting, project

SCHEMA = Job([SERVICE_PYTHON, "-m", "slipway.schema", "state"], env={"SLIPWAY_ENV": "dev"})
BACKUP = Job(["sh", "-c", "...", "sh", "list"], Where.DATABASE)
PSQL = Job(["psql", "-c", "SELECT 1"], Where.DATABASE)


@pytest.fixture(autouse=True)
def as_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the tests' own database win over .env."""
    for name in [name for name in os.environ if name.startswith("DATABASE_")]:
        monkeypatch.delenv(name)


def on_engine(root: Path, hostname: str = "db") -> tuple[ComposeJobs, Noting]:
    """Return jobs in containers, and the shell that notes them."""
    checkout, environment, shell = project(root, hostname)
    stack = Stack(shell, checkout.project, "dev", lambda: {"IMAGE": "shop:dev"})
    return ComposeJobs(stack, environment.settings), shell


def started(shell: Noting) -> Call:
    """Return the one-off that was started."""
    return next(call for call in shell.calls if "--detach" in call.argv)


def test_a_job_of_the_service_is_a_one_off_of_its_image(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    assert jobs.run(SCHEMA).status == 0
    call = started(shell)
    assert call.argv[-5:] == ["migrate", SERVICE_PYTHON, "-m", "slipway.schema", "state"]
    assert call.argv[call.argv.index("--env") + 1] == "SLIPWAY_ENV=dev"
    assert call.env == {"IMAGE": "shop:dev"}
    assert "--user" not in call.argv

    shell.calls.clear()
    jobs.run(Job([SERVICE_PYTHON, "-m", "alembic", "heads"], for_caller=True))
    mine = started(shell).argv
    assert mine[mine.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"


def test_a_job_beside_the_database_has_its_login_and_shows_no_password(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    jobs.run(BACKUP)
    call = started(shell)
    assert call.argv[-6:] == ["db", "sh", "-c", "...", "sh", "list"]
    assert call.argv[call.argv.index("--volume") + 1].endswith("-backups:/backups")
    assert (call.hidden["PGHOST"], call.hidden["PGPASSWORD"]) == ("db", PASSWORD)
    assert PASSWORD not in " ".join(call.argv)


def test_a_job_that_streams_is_followed_by_compose_itself(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    with (tmp_path / "dump").open("wb") as file:
        jobs.run(Job(BACKUP.argv, Where.DATABASE, stdout=file))
    argv = shell.calls[-1].argv
    begins = argv.index("run")
    assert argv[begins : begins + 5] == ["run", "--rm", "--no-deps", "-T", "--user"]
    assert argv[-6:] == ["db", *BACKUP.argv]


def test_psql_opens_where_the_database_is(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    with pytest.raises(Problem, match="The database is not running"):
        jobs.become(PSQL)
    jobs.stack._seen = [Container("1", "shop-db-1", labels={SERVICE: "db"})]
    with pytest.raises(Became):
        jobs.become(PSQL)
    assert "exec" in shell.calls[-1].argv
    assert shell.calls[-1].argv[-4:] == ["db", "psql", "-c", "SELECT 1"]

    elsewhere, shell = on_engine(tmp_path, "db.example.com")
    with pytest.raises(Became):
        elsewhere.become(PSQL)
    assert "run" in shell.calls[-1].argv
    assert shell.calls[-1].hidden["PGHOST"] == "db.example.com"


def test_the_same_jobs_are_processes_on_this_machine(tmp_path: Path) -> None:
    checkout, environment, shell = project(tmp_path, "db.example.com")
    host = HostRuntime(checkout, environment, contextlib.ExitStack())
    host.run(SCHEMA)
    assert shell.calls[-1].argv == [sys.executable, "-m", "slipway.schema", "state"]
    assert shell.calls[-1].hidden["DATABASE_PASSWORD"] == PASSWORD
    assert shell.calls[-1].hidden["SLIPWAY_ENV"] == "dev"
    host.run(BACKUP)
    assert shell.calls[-1].argv == BACKUP.argv
    assert shell.calls[-1].cwd == tmp_path / ".slipway/dev/backups"
    assert shell.calls[-1].hidden["PGHOST"] == "db.example.com"
    assert (tmp_path / ".slipway/dev/backups").stat().st_mode & 0o777 == 0o700
    with pytest.raises(Became):
        host.become(PSQL)
    assert Path(shell.calls[-1].argv[0]).name == "psql"


def test_nobody_opens_psql_on_a_service_without_a_database(tmp_path: Path) -> None:
    jobs, _ = on_engine(tmp_path, "")
    with pytest.raises(Problem):
        jobs.become(PSQL)
