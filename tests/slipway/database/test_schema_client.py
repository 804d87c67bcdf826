"""slipway.schema, asked through a runtime: the jobs, the answers, and what is said when it fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import schema
from slipway.database.schema import MIGRATION_FAILED, SEE_ABOVE, Request
from slipway.project.database import explained, other_login, other_name
from slipway.runtime import LiveRelease, Where
from slipway.schema import NOT_YET
from slipway.schema.answers import (
    Change,
    Checked,
    Done,
    Downgraded,
    Drift,
    Known,
    Loss,
    Plan,
    Size,
    State,
    Trial,
    Undo,
    Undone,
    Upgraded,
)
from slipway.schema.phases import Revision
from tests.slipway.database.support import Noting, checkout, environment, said

OLD = LiveRelease("shop:0.1.0", "0001,0002", "0.0.9")


def test_a_request_as_the_package_takes_it() -> None:
    assert Request(60).arguments == ["--wait", "60"]
    assert Request(9, "0003", (OLD, LiveRelease("b", "")), contract=True).arguments == [
        "--wait", "9", "--to", "0003", "--live", "shop:0.1.0=0001,0002", "--live", "b=", "--contract",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ask", "command"),
    [
        (lambda e, r: schema.state(e, r, Request(60)), ["state", "--wait", "60", "--json"]),
        (lambda e, r: schema.plan(e, r, Request(60)), ["plan", "--wait", "60", "--json"]),
        (lambda e, r: schema.upgrade(e, r, Request(60)), ["upgrade", "--wait", "60", "--json"]),
        (lambda e, r: schema.known(e, r, OLD), ["known", "--live", "shop:0.1.0=0001,0002", "--json"]),
        (lambda e, r: schema.check(e, r), ["check", "--json"]),
        (lambda e, r: schema.drift(e, r), ["drift", "--json"]),
        (lambda e, r: schema.undo(e, r, "base"), ["undo", "--to", "base", "--json"]),
        (lambda e, r: schema.downgrade(e, r, "0001"), ["downgrade", "--to", "0001", "--json"]),
    ],
)
def test_each_command_is_a_job_where_the_service_runs(
    tmp_path: Path, ask: Callable[..., object], command: list[str]
) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of), said(at=[], heads=[], to=[], **{"from": []}))

    ask(environment(of), runtime)

    (job,) = runtime.jobs
    assert job.argv == ["python", "-m", "slipway.schema", *command]
    assert (job.where, job.stdin, job.stdout, job.for_caller) == (Where.SERVICE, None, None, False)
    assert job.env == {"SLIPWAY_BY": who(), "SLIPWAY_ENV": "dev"}


def test_the_sql_is_no_json(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of, "prod"), Ran(0, "-- 0001\nSELECT 1"))

    assert schema.sql(environment(of, "prod"), runtime, Request(60)) == "-- 0001\nSELECT 1"
    assert runtime.jobs[0].argv[3:] == ["sql", "--wait", "60"]
    assert runtime.jobs[0].env["SLIPWAY_ENV"] == "prod"


def test_answers_have_types(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    here = environment(of)
    at, done = ["0001"], {"revision": "0002", "phase": "expand", "seconds": 0.1, "tries": 2}
    change = {"what": "added", "kind": "table", "name": "t", "before": "", "after": "", "fresh": True}
    pending = {"id": "0002", "message": "m", "phase": "expand", "ignores": {}}
    runtime = Noting(
        of, here,
        said(at=at, pending=[pending], apply=["0002"], sizes={"t": {"bytes": 1, "rows": 2}}),
        said(at=at, trials=[{"revision": "0002", "changes": [change]}]),
        said(**{"from": at, "to": ["0002"], "applied": [done], "waiting": ["0003"]}),
        said(at=at, can_tell=True, lost=["0001"], missing=[]),
        said(heads=at, models="m", trials=[]),
        said(at=at, changes=[change]),
        said(at=at, undone=[{**pending, "sql": "DROP"}], lost=[{"kind": "table", "name": "t", "rows": None}]),
        said(**{"from": ["0002"], "to": at, "taken back": [done]}),
    )  # fmt: skip

    assert schema.state(here, runtime, Request(1)) == State(
        ("0001",), pending=(Revision("0002", "m", "expand"),), apply=("0002",), sizes={"t": Size(1, 2)}
    )
    added = Change("added", "table", "t", fresh=True)
    assert schema.plan(here, runtime, Request(1)) == Plan(("0001",), trials=(Trial("0002", changes=[added]),))
    ran = Done("0002", "expand", 0.1, 2)
    assert schema.upgrade(here, runtime, Request(1)) == Upgraded(("0001",), ("0002",), (ran,), ("0003",))
    assert schema.known(here, runtime, OLD) == Known(("0001",), True, ("0001",))
    assert schema.check(here, runtime) == Checked(("0001",), "m")
    assert schema.drift(here, runtime) == Drift(("0001",), (added,))
    undone = (Undone("0002", "m", "expand", sql="DROP"),)
    assert schema.undo(here, runtime, "0001") == Undo(("0001",), undone, (Loss("table", "t"),))
    assert schema.downgrade(here, runtime, "0001") == Downgraded(("0002",), ("0001",), (ran,))


@pytest.mark.parametrize("status", [1, NOT_YET, 137])
def test_a_failure_has_the_status_of_the_command(tmp_path: Path, status: int) -> None:
    of = checkout(tmp_path)

    with pytest.raises(Problem) as raised:
        schema.upgrade(environment(of), Noting(of, environment(of), Ran(status)), Request(60))

    assert (raised.value.message, raised.value.code) == (MIGRATION_FAILED, status)


@pytest.mark.parametrize(
    ("name", "hostname", "message"),
    [
        ("dev", "db", other_login()),
        ("prod", "db", other_login()),
        ("dev", "elsewhere.example", explained(SEE_ABOVE, "password authentication failed for user")),
    ],
)
def test_a_wrong_password_is_explained_where_slipway_runs_the_database(
    tmp_path: Path, name: str, hostname: str, message: str
) -> None:
    of = checkout(tmp_path)
    (tmp_path / ".env").write_text((tmp_path / ".env").read_text().replace("=db", f"={hostname}"))
    ran = Ran(1, "", "FATAL: password authentication failed for user")

    with pytest.raises(Problem) as raised:
        schema.state(environment(of, name), Noting(of, environment(of, name), ran), Request(60))

    assert (raised.value.message, raised.value.code) == (message, 1)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_another_name_of_the_database_is_told_with_those_that_there_are(tmp_path: Path, name: str) -> None:
    of = checkout(tmp_path)
    here = environment(of, name)
    missing = Ran(1, "", f'FATAL:  database "{here.settings.database.name}" does not exist')

    def told(*answers: Ran) -> str:
        with pytest.raises(Problem) as raised:
            schema.state(here, Noting(of, here, *answers), Request(60))
        return str(raised.value.message)

    assert told(missing, Ran(0, "shop\nother")) == other_name(here.settings.database.name, ["shop", "other"])
    assert told(missing, Ran(0)) == explained(SEE_ABOVE, missing.said)  # there is none at all


@pytest.mark.parametrize("output", ["", "not JSON", "[]", '{"heads": []}', '{"at": 1}'])
def test_what_is_no_answer_is_a_failure(tmp_path: Path, output: str) -> None:
    of = checkout(tmp_path)

    with pytest.raises(Problem, match=r"It ended without an answer. That could not be told"):
        schema.state(environment(of), Noting(of, environment(of), Ran(0, output)), Request(60))


def test_an_image_of_a_newer_slipway_is_named(tmp_path: Path) -> None:
    of = checkout(tmp_path)

    with pytest.raises(Problem, match=r"in version 2 of its protocol.*understands version 1\. Run this"):
        schema.state(environment(of), Noting(of, environment(of), Ran(0, '{"version": 2}')), Request(60))


def test_an_image_from_before_there_were_versions_is_understood(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    old = '{"at": ["0001"], "heads": ["0001"], "pending": [], "apply": [], "waiting": [], "refused": "", "sizes": {}}'

    assert schema.state(environment(of), Noting(of, environment(of), Ran(0, old)), Request(60)).at == ("0001",)
