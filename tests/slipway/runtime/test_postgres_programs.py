"""Which of PostgreSQL's programs work beside a database: not those that are older than it."""

import contextlib
import json
from pathlib import Path

import pytest

from slipway.engine.containers import SERVICE, Container
from slipway.runtime import Job, Where, host
from slipway.runtime.host import HostRuntime
from slipway.runtime.installations import Binaries, client, installations
from slipway.runtime.installations import started as started_by
from slipway.runtime.jobs import of_major
from slipway.runtime.postgres import Server
from tests.slipway.runtime.support import on_engine, project, started

DUMP = Job(["pg_dump"], Where.DATABASE)
OLD, NEW, NEWEST = (Binaries(Path(f"/{major}"), major) for major in (15, 17, 18))


@pytest.fixture(autouse=True)
def as_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the tests' own database win over .env."""
    monkeypatch.delenv("DATABASE_HOSTNAME", raising=False)


@pytest.mark.parametrize(
    ("image", "major", "there", "found"),
    [
        ("postgres:17", 18, ["postgres:17", "postgres:18", "postgres:19"], "postgres:18"),
        ("postgres:17", 18, ["postgres:17", "postgres:19"], "postgres:19"),
        ("postgres:17", 18, ["postgres:17", "redis:18", "postgres:<none>", "postgres:latest"], ""),
        ("postgres:17-alpine", 18, ["postgres:18", "postgres:18-alpine"], "postgres:18-alpine"),
        ("postgres:17@sha256:1", 18, ["postgres:18.1-bookworm"], "postgres:18.1-bookworm"),
        ("docker.io/library/postgres:17", 18, ["postgres:18"], "postgres:18"),
        ("ghcr.io/me/postgis:17-3.5", 18, ["postgres:18", "ghcr.io/me/postgis:18-3.6"], "ghcr.io/me/postgis:18-3.6"),
        ("ghcr.io/me/postgis:17-3.5", 18, ["postgres:18"], "postgres:18"),
        ("localhost:5000/postgres:9.6", 10, ["localhost:5000/postgres:9.6", "localhost:5000/postgres:10"],
         "localhost:5000/postgres:10"),
    ],
)  # fmt: skip
def test_an_image_of_the_major_that_is_there_is_taken(image: str, major: int, there: list[str], found: str) -> None:
    assert of_major(image, major, there) == found


def test_on_an_engine_the_other_image_takes_the_place_in_a_one_off(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path, hostname="sql.example.com")
    shell.says |= {"config": "postgres:17", "ls": "postgres:17\npostgres:18"}

    assert jobs.use_programs(18) == ""
    jobs.run(DUMP)

    run = started(shell).argv
    file = run[run.index("run") - 1]
    assert json.loads((tmp_path / file).read_text()) == {
        "services": {"db": {"image": "postgres:18", "pull_policy": "never"}}
    }
    removed = next(call.argv for call in shell.calls if call.argv[1] == "rm")
    assert "--volumes" in removed  # postgres:18 declares another one
    assert not [call for call in shell.calls if "pull" in call.argv]


def test_of_a_database_that_slipway_runs_they_are_those_of_its_image(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path)
    shell.says |= {"config": "postgres:17", "ls": ""}
    jobs.stack._seen = [Container("id", image_id="sha256:18", labels={SERVICE: "db"})]

    assert jobs.use_programs(18) == ""
    assert jobs.programs == "sha256:18"


def test_where_there_are_none_the_line_to_change_is_named(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path, hostname="sql.example.com")
    shell.says |= {"config": "postgres:17", "ls": "postgres:17"}

    assert jobs.use_programs(18) == (
        "In compose.yaml, let the image of `db` be postgres:18 instead of postgres:17: of a database elsewhere, only "
        "its programs are used. Or have that image on the engine, where it is found: docker pull postgres:18"
    )


def test_on_this_machine_the_next_newer_ones_are_taken() -> None:
    assert client([OLD, NEWEST, NEW], 16) is NEW
    assert client([OLD, NEWEST, NEW], 18) is NEWEST
    assert client([OLD], 16) is None


def test_on_this_machine_jobs_find_them_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, environment, shell = project(tmp_path, "sql.example.com")
    runtime = HostRuntime(checkout, environment, contextlib.ExitStack())
    monkeypatch.setattr(host, "clients", lambda: [OLD, NEWEST])

    assert runtime.use_programs(17) == ""
    runtime.run(DUMP)

    assert shell.calls[-1].hidden["PATH"].startswith("/18:")
    assert "sudo apt install postgresql-client-19;" in runtime.use_programs(19)


@pytest.mark.parametrize(
    ("opts", "found"),
    [
        ('/usr/lib/postgresql/15/bin/postgres "-D" "/srv/a b" "-c" "port=1"\n', [Path("/usr/lib/postgresql/15/bin")]),
        ("postgres -D data\n", []),
        ("", []),
        ('/bin/postgres "-D', []),
    ],
)
def test_what_started_a_server_is_read_of_its_data(opts: str, found: list[Path]) -> None:
    assert started_by(opts) == found


def test_data_is_read_by_what_it_was_started_by_whatever_is_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, data = tmp_path / "own" / "bin", tmp_path / "dev" / "postgres"
    for folder in (own, data):
        folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "psql"):
        (own / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
        (own / name).chmod(0o700)
    (data / "PG_VERSION").write_text("9.6\n".partition(".")[0])
    (data / "postmaster.opts").write_text(f'{own}/postgres "-D" "{data}"\n')
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert Server(data.parent).binaries == Binaries(own, 9)


def test_what_systems_have_comes_last_the_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for major in (9, 15, 18):
        folder = tmp_path / str(major) / "bin"
        folder.mkdir(parents=True)
        for name in ("postgres", "initdb", "psql"):
            (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {major}.1'\n")
            (folder / name).chmod(0o700)
    monkeypatch.setattr("slipway.runtime.installations.SIDE_BY_SIDE", (f"{tmp_path}/*/bin",))
    assert [one.major for one in installations() if tmp_path in one.folder.parents] == [18, 15, 9]
