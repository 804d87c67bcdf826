"""What `inv deploy`, `inv rollback` and `inv releases` say of hooks and of what is kept."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger
from slipway.deploy.facts import Options
from slipway.project.tables import Hooks
from slipway.verbs import deploy, elsewhere, session
from tests.slipway.deploy.in_memory import MemoryDeployment, shop
from tests.slipway.deploy.support import MemoryReleases, entry

B = Options(tag="shop:b", bake=0)


@pytest.fixture
def releases() -> MemoryReleases:
    """Give a deployment's releases, of which a is live, and an image b."""
    there = MemoryReleases().has(entry("0"), entry("a"))
    there.images.add("shop:b")
    return there


@pytest.fixture
def begun(tmp_path: Path, releases: MemoryReleases, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a session of production, which the verbs begin."""
    checkout, environment = shop(tmp_path)
    table = Hooks(before_deploy=("touch before",), after_deploy=("touch after",), after_rollback=("touch rolled",))
    checkout = replace(checkout, project=replace(checkout.project, hooks=table))
    deployment = MemoryDeployment(releases)
    made = SimpleNamespace(
        checkout=checkout, project=checkout.project, environment=environment, settings=environment.settings,
        steps=checkout.steps, deployment=deployment, runtime=deployment, check_secrets=lambda: None,
        port_in_use=lambda: 8000, remember=lambda: None,
    )  # fmt: skip

    @contextlib.contextmanager
    def begin(*_: object, **__: object) -> Iterator[Any]:
        yield made

    monkeypatch.setattr(session, "begin", begin)
    (tmp_path / ".env").touch()
    return made


def test_a_plan_lists_hooks_unless_nothing_is_to_be_done(begun: Any) -> None:
    assert dict(deploy.planned(begun, B))["hooks"] == "before-deploy: touch before; after-deploy: touch after"
    assert dict(deploy.planned(begun, replace(B, no_hooks=True)))["hooks"] == "none, as --no-hooks says"
    deploy.put_live(begun, B, yes=True, as_json=True)
    assert "hooks" not in dict(deploy.planned(begun, B))


@pytest.mark.parametrize("without", [False, True], ids=["hooks", "no-hooks"])
def test_a_deployment_runs_them_and_shows_its_log_afterwards(
    begun: Any, releases: MemoryReleases, capsys: pytest.CaptureFixture[str], without: bool
) -> None:
    deploy.deploy.body(None, tag="shop:b", bake="0", yes=True, json=True, no_hooks=without)
    done = json.loads(capsys.readouterr().out)
    assert done["without_hooks"] is without
    assert [(begun.checkout.root / name).exists() for name in ("before", "after")] == [not without] * 2

    deploy.releases.body(None, log=done["release"])
    assert "  switch     to web-" in capsys.readouterr().out
    deploy.releases.body(None)
    assert ("deploy, no hooks" in capsys.readouterr().out) is without


def test_a_rollback_runs_its_own_and_plans_them(begun: Any, capsys: pytest.CaptureFixture[str]) -> None:
    deploy.rollback.body(None, plan=True)
    assert "hooks      after-rollback: touch rolled\n" in capsys.readouterr().out
    deploy.rollback.body(None, json=True)
    assert (begun.checkout.root / "rolled").exists()


def test_a_log_is_found_by_release_or_event_the_latest_first(
    releases: MemoryReleases, capsys: pytest.CaptureFixture[str]
) -> None:
    again = entry("a", what="rollback", seconds=1.0)
    releases.record(again.line())
    releases.logs = {"deploy a": "of the deployment\n", "rollback a": "of the rollback\n"}
    said = []
    for named in ("a", "deploy a", "rollback a"):
        elsewhere.show_log(releases, named, as_json=False)
        said.append(capsys.readouterr().out)
    assert said == ["of the rollback\n", "of the deployment\n", "of the rollback\n"]
    elsewhere.show_log(releases, "a", as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "event": "rollback a", "release": "a", "what": "rollback", "log": "of the rollback\n",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (None, "There was no deployment c here. What there was: ./inv releases"),
        (
            entry("c", outcome=""),
            r"deploy of shop:c \(c\): it has not ended, or whoever was at it was killed; or it is",
        ),
        (entry("c", seconds=3.0), "it could not be kept; or it is older than the last ones that are kept"),
        (entry("c", reason=ledger.FOUND), "the ledger was lost, and this was found by its containers"),
    ],
    ids=["unknown", "killed", "lost", "found"],
)
def test_why_there_is_no_log_is_said(releases: MemoryReleases, made: ledger.Entry | None, said: str) -> None:
    releases.record(made.line() if made else "")
    with pytest.raises(Problem, match=said):
        elsewhere.show_log(releases, "c", as_json=False)
