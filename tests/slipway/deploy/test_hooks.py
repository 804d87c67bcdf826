"""The project's own commands around a deployment: what they are told, what they don't get, how their failures end."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.deploy import hooks, ledger
from slipway.deploy.hooks import OF_DEPLOY, OF_ROLLBACK, Hooks, environ, rows, variables, which
from slipway.project.tables import DatabaseRules
from slipway.project.tables import Hooks as Table
from tests.slipway.deploy.in_memory import shop
from tests.slipway.deploy.support import entry

WEBHOOK = "https://hooks.example.com/T0/kX8qPz4mW7vR2tLn"


def of(root: Path, **table: object) -> Hooks:
    """Give the hooks of a project with this table."""
    checkout = shop(root)[0]
    project = replace(checkout.project, hooks=Table(**table), secrets={"KEY": 8})  # type: ignore[arg-type]
    return Hooks(replace(checkout, project=project), "prod", "shop-prod")


LIVE = entry("b", digest="sha256:1", seconds=12.34)


def test_a_hook_is_told_what_is_known_and_nothing_that_is_not() -> None:
    assert variables("after-deploy", "prod", "shop-prod", LIVE, "1.2.3") == {
        "SLIPWAY_HOOK": "after-deploy", "SLIPWAY_ENVIRONMENT": "prod", "SLIPWAY_DEPLOYMENT": "shop-prod",
        "SLIPWAY_VERSION": "1.2.3", "SLIPWAY_IMAGE": "shop:b", "SLIPWAY_DIGEST": "sha256:1", "SLIPWAY_RELEASE": "b",
        "SLIPWAY_BY": "ann@here", "SLIPWAY_OUTCOME": "live", "SLIPWAY_REASON": "", "SLIPWAY_SECONDS": "12.3",
    }  # fmt: skip
    begun = variables("before-deploy", "prod", "shop-prod", replace(LIVE, seconds=0, outcome=""), "")
    assert [begun[f"SLIPWAY_{name}"] for name in ("OUTCOME", "SECONDS", "VERSION")] == [""] * 3
    assert variables("x", "prod", "shop-prod", replace(LIVE, seconds=ledger.ENDED), "")["SLIPWAY_SECONDS"] == ""


def test_which_one_is_run_is_decided_by_how_it_ended() -> None:
    ends = {"live": "after-deploy", "failed": "after-failure", "flipped back": "after-failure", "": "after-failure"}
    assert {end: which(entry("b", outcome=end)) for end in ends} == ends
    assert which(entry("b", what="rollback")) == "after-rollback"
    assert which(entry("b", what="rollback", outcome="failed")) == "after-failure"
    assert which(entry("b", what="rotate KEY")) == "after-deploy"


def test_the_services_secrets_stay_out_unless_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = of(tmp_path, secrets=("WEBHOOK", "TOKEN", "GONE")).checkout.project
    templates = {"DATABASE_URL": "postgresql://{user}:{password}@{host}/{name}", "DATABASE_HOST": "{host}"}
    project = replace(project, database=DatabaseRules(rendered=templates), secrets={"KEY": 8, "TOKEN": 8})
    (project.root / ".env").write_text(f"WEBHOOK={WEBHOOK}\nKEY=of-the-file\nTOKEN=of-the-file\n")
    caller = {
        "PATH": "/bin", "KEY": "a", "TOKEN": "b", "DATABASE_PASSWORD": "c", "DATABASE_URL": "d", "DATABASE_HOST": "e",
    }  # fmt: skip
    monkeypatch.setenv("TOKEN", "of-the-caller")
    assert environ(project, caller) == {
        "PATH": "/bin", "DATABASE_HOST": "e", "WEBHOOK": WEBHOOK, "TOKEN": "of-the-caller",
    }  # fmt: skip


def test_what_runs_has_them_and_shows_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").write_text(f"WEBHOOK={WEBHOOK}\n")
    command = "sh -c 'echo $SLIPWAY_VERSION by $SLIPWAY_BY to $WEBHOOK; pwd >where'"
    one = of(tmp_path, secrets=("WEBHOOK",), after_deploy=(command,))
    one.checkout.steps.secrets.add(WEBHOOK)  # as whoever begins a verb does
    one.after(LIVE, "1.2.3")
    assert (tmp_path / "where").read_text().strip() == str(tmp_path)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "1.2.3 by ann@here to [secret]\n" in shown.err
    assert "  hook       after-deploy: sh -c" in shown.err


FAILING = [
    ("sh -c 'exit 7'", "ended with status 7"),
    ("no-such-program --flag", "did not run: no-such-program is not installed"),
    ("sleep 300", "did not end in 1 s, and was ended"),
]


@pytest.mark.parametrize(("command", "why"), FAILING, ids=["status", "missing", "hangs"])
def test_a_failure_before_stops_it_and_one_after_is_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, why: str
) -> None:
    commands = (command, "touch second")
    one = of(tmp_path, before_deploy=commands, after_deploy=commands, timeout=1)
    with pytest.raises(Problem) as raised:
        one.before(replace(LIVE, outcome=""), "")
    assert raised.value.message == (
        f"{command!r} of before-deploy in [tool.slipway.hooks] {why}. Nothing was deployed. "
        "Without the hooks: ./inv deploy --no-hooks"
    )
    assert not (tmp_path / "second").exists()

    capfd.readouterr()
    one.after(LIVE, "")
    lines = capfd.readouterr().err.splitlines()
    assert [line.rpartition(";")[0].strip() for line in lines if why in line] == [
        f"hook       after-deploy: {command!r} {why}"
    ]
    assert (tmp_path / "second").exists()


def test_none_is_run_that_is_not_wanted(tmp_path: Path) -> None:
    one = replace(of(tmp_path, before_deploy=("touch ran",), after_deploy=("touch ran",)), wanted=False)
    one.before(LIVE, "")
    one.after(LIVE, "")
    assert not (tmp_path / "ran").exists()


def test_once_this_process_was_told_to_end_each_has_little_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hooks, "LEFT", 0.2)
    monkeypatch.setattr(hooks, "interrupted", lambda: 1.0)
    of(tmp_path, after_failure=("sleep 300",)).after(entry("b", outcome="failed"), "")
    assert "did not end in 0.2 s" in capfd.readouterr().err


def test_a_plan_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = of(tmp_path, before_deploy=("a b",), after_failure=("c", "d"), after_rollback=("e",)).checkout.project
    assert rows(project, OF_DEPLOY, True) == [("hooks", "before-deploy: a b; after-failure: c; after-failure: d")]
    assert rows(project, OF_ROLLBACK, True) == [("hooks", "after-rollback: e; after-failure: c; after-failure: d")]
    assert rows(project, OF_DEPLOY, False) == [("hooks", "none, as --no-hooks says")]
    assert rows(of(tmp_path).checkout.project, OF_DEPLOY, False) == []

    monkeypatch.delenv("WEBHOOK", raising=False)
    unset = of(tmp_path, after_deploy=("a",), secrets=("WEBHOOK",)).checkout.project
    assert rows(unset, OF_DEPLOY, True) == [
        ("hooks", "after-deploy: a; WEBHOOK set neither in .env nor in the environment")
    ]
