"""A job is one command line on an engine and another on this machine; what it is stays the same."""

import contextlib
import os
import re
import sys
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran, Shell
from slipway.engine.containers import SERVICE, Container
from slipway.engine.jobs import SCRIPT
from slipway.project.checkout import Checkout
from slipway.runtime import LATE, SERVICE_PYTHON, Job, Where
from slipway.runtime.host import HostRuntime
from slipway.runtime.jobs import passfile, with_variables
from tests.slipway.runtime.support import PASSWORD, Became, files_of, on_engine, project, started

SCHEMA = Job([SERVICE_PYTHON, "-m", "slipway.schema", "state"], env={"SLIPWAY_ENV": "dev"})
BACKUP = Job(["sh", "-c", "...", "sh", "list"], Where.DATABASE)
PSQL = Job(["psql", "-c", "SELECT 1"], Where.DATABASE)


@pytest.fixture(autouse=True)
def as_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the tests' own database win over .env."""
    for name in [name for name in os.environ if name.startswith("DATABASE_")]:
        monkeypatch.delenv(name)


def test_a_job_of_the_service_is_a_one_off_of_its_image(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    assert jobs.run(SCHEMA).status == 0
    call = started(shell)
    assert call.argv[-5:] == ["migrate", SERVICE_PYTHON, "-m", "slipway.schema", "state"]
    assert call.argv[call.argv.index("--env") + 1] == "SLIPWAY_ENV=dev"
    assert call.env == {"IMAGE": "shop:dev", "WEB_START_PERIOD": "60s"}
    assert "--user" not in call.argv

    shell.calls.clear()
    jobs.run(Job([SERVICE_PYTHON, "-m", "alembic", "heads"], for_caller=True))
    mine = started(shell).argv
    assert mine[mine.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"


def test_a_job_beside_the_database_has_its_login_and_its_password_in_a_file(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    jobs.run(BACKUP)
    call = started(shell)
    assert call.argv[-11:] == [
        "db", "sh", "-c", SCRIPT, "sh", "with", "/tmp/secrets", *BACKUP.argv[:-2], *BACKUP.argv[-2:]
    ][-11:]  # fmt: skip
    assert call.argv[call.argv.index("--volume") + 1].endswith("-backups:/backups")
    assert {"PGHOST=db", "PGPASSFILE=/tmp/secrets/pgpass"} <= set(call.argv)
    assert all(PASSWORD not in f"{one.argv} {one.env} {one.hidden}" for one in shell.calls)
    given = next(one for one in shell.calls if "give" in one.argv)
    assert given.argv[:3] == ["docker", "exec", "--interactive"]
    assert files_of(given.given) == {"pgpass": f"*:*:*:*:{PASSWORD}\n"}


@pytest.mark.parametrize("password", ["plain", r"a:b\\c", "::"])
def test_a_password_file_has_what_means_something_in_it_escaped(password: str) -> None:
    fields = re.split(r"(?<!\\)(?:\\\\)*:", passfile(password).rstrip("\n"), maxsplit=4)
    assert fields[:4] == ["*"] * 4
    assert re.sub(r"\\(.)", r"\1", fields[4]) == password


def test_a_job_of_a_service_in_production_has_its_secrets_as_files(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path, apart=True)
    jobs.run(SCHEMA)
    assert started(shell).argv[-9:-4] == ["-c", SCRIPT, "sh", "with", "/run/secrets"]
    given = next(one for one in shell.calls if "give" in one.argv)
    assert files_of(given.given) == {"DATABASE_PASSWORD": PASSWORD}


def test_a_job_that_streams_runs_in_a_container_that_waits_for_it(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    with (tmp_path / "dump").open("wb") as file:
        jobs.run(Job(BACKUP.argv, Where.DATABASE, stdout=file))
    name = started(shell).argv[started(shell).argv.index("--name") + 1]
    assert started(shell).argv[-2:] == ["sleep", "86400"]
    streams = shell.calls[-2]
    assert streams.argv == ["docker", "exec", "--interactive", name, *BACKUP.argv]
    assert shell.calls[-1].argv == ["docker", "rm", "--force", name]


def test_psql_opens_where_the_database_is(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    with pytest.raises(Problem, match="The database is not running"):
        jobs.become(PSQL)
    jobs.stack._seen = [Container("1", "shop-db-1", labels={SERVICE: "db"})]
    with pytest.raises(Became):
        jobs.become(PSQL)
    login = ["--env", "PGUSER=shop", "--env", "PGDATABASE=shop"]  # over the socket
    assert shell.calls[-1].argv == ["docker", "exec", "--interactive", *login, "shop-db-1", *PSQL.argv]

    elsewhere, shell = on_engine(tmp_path, "db.example.com")
    with pytest.raises(SystemExit) as ended:
        elsewhere.become(PSQL)
    assert ended.value.code == 0
    assert "PGHOST=db.example.com" in started(shell).argv
    assert shell.calls[-2].argv[-3:] == PSQL.argv
    assert shell.calls[-1].argv[:3] == ["docker", "rm", "--force"]


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


def test_on_this_machine_what_a_job_that_fails_said_is_known(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    checkout, environment, _ = project(tmp_path, "db.example.com")
    host = HostRuntime(Checkout(checkout.project, Shell(tmp_path, checkout.steps)), environment, contextlib.ExitStack())
    script = ["sh", "-c", "echo said >&2; echo printed; exit $1", "sh"]

    assert host.run(Job([*script, "3"], Where.DATABASE)) == Ran(3, "printed", "said\n")
    assert host.run(Job([*script, "3"])) == Ran(3, "printed", "said\n")
    assert host.run(Job([*script, "0"], Where.DATABASE)) == Ran(0, "printed")
    assert capfd.readouterr().err.count("said\n") == 3


def test_on_this_machine_one_whose_time_is_over_is_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    checkout, environment, _ = project(tmp_path, "db.example.com")
    host = HostRuntime(Checkout(checkout.project, Shell(tmp_path, checkout.steps)), environment, contextlib.ExitStack())
    assert host.run(Job(["sleep", "300"], seconds=0.2)).status == LATE
    capfd.readouterr()


def test_nobody_opens_psql_on_a_service_without_a_database(tmp_path: Path) -> None:
    jobs, _ = on_engine(tmp_path, "")
    with pytest.raises(Problem):
        jobs.become(PSQL)


def test_a_one_off_gets_its_secrets_before_the_entrypoint_looks_for_them(tmp_path: Path) -> None:
    entrypoint = [SERVICE_PYTHON, "-m", "slipway.entrypoint"]
    for text, expected in (("", []), ('secrets-as = "environment"\n', entrypoint)):
        jobs, shell = on_engine(tmp_path, apart=True, more=f"\n[tool.slipway]\n{text}")
        jobs.run(SCHEMA)
        assert started(shell).argv[-9 - len(expected) :] == [
            "sh", "-c", SCRIPT, "sh", "with", "/run/secrets", *expected, *SCHEMA.argv,
        ][-9 - len(expected) :]  # fmt: skip


def test_a_shell_has_the_variables_of_the_service(tmp_path: Path) -> None:
    files, variables = (tmp_path / name for name in ("files", "variables"))
    for root, more in ((files, ""), (variables, '\n[tool.slipway]\nsecrets-as = "environment"\n')):
        root.mkdir()
        checkout, *_ = project(root, more=more)
        assert with_variables(checkout.project, ["sh"])[-1] == "sh"
        assert ("slipway.entrypoint" in with_variables(checkout.project, ["sh"])) is bool(more)
