"""What development and production have in common on an engine."""

import pytest

from slipway.engine.stack import Stack
from slipway.project.config import load
from slipway.runtime import stacks
from tests.slipway.engine.support import Answers
from tests.support import ROOT


@pytest.mark.parametrize(
    ("with_volumes", "left", "removed"),
    [(True, "shop_ledger", [["docker", "volume", "rm", "shop_ledger"]]), (True, " ", []), (False, "", [])],
    ids=["some", "none", "kept"],
)
def test_volumes_that_compose_doesnt_know_go_as_those_do_that_it_knows(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    with_volumes: bool,
    left: str,
    removed: list[list[str]],
) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
    shell = Answers(" ", " ", "down", left, *["removed"] * len(removed))
    stacks.stop(Stack(shell, load(ROOT), "dev", dict), with_volumes)
    assert ("--volumes" in shell.asked[2]) == with_volumes
    assert shell.asked[4:] == removed
    assert all("label=com.docker.compose.project=shop" in argv for argv in shell.asked[3:4])
    assert "shop: nothing was running" in capsys.readouterr().err
