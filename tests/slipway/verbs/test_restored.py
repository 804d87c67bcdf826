"""What `inv restore` says at its end of the schema."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.shell import Ran
from slipway.schema.answers import State
from slipway.schema.phases import Revision
from slipway.verbs.migrations import after_restore, restored
from tests.slipway.database.support import Noting, checkout, environment, said

LATER = ("next", "./inv migrate, when the backup is older than this release")
AT_HEAD = said(at=["0002"], heads=["0002"])
PENDING = State(("0001",), ("0002",), (Revision("0002"),), ("0002",))


def test_a_migration_is_named_where_one_is_pending_or_nobody_can_tell() -> None:
    assert restored(None, "") == LATER
    assert restored(PENDING, "") == ("next", "./inv migrate: 0002 pending")
    refused = replace(PENDING, apply=(), waiting=("0002",), refused="0002 doesn't say its phase")
    assert restored(refused, "shop:2") == ("next", "./inv migrate: 0002 pending for shop:2, which is live")
    assert restored(State(("0002",)), "") == ("schema", "is current: at head, 0002")
    waits = replace(PENDING, apply=(), waiting=("0002",))
    assert restored(waits, "shop:2") == ("schema", "is current for shop:2, which is live: at 0001, 0002 waits")


def of_this_tree(root: Path, answer: Ran) -> Any:
    """Make a session whose service runs from its folder."""
    of = checkout(root)
    runtime = Noting(of, environment(of), answer)
    return SimpleNamespace(
        project=of.project,
        checkout=of,
        environment=runtime.environment,
        runtime=runtime,
        is_deployed=False,
    )


@pytest.mark.parametrize(
    ("answer", "row"),
    [(AT_HEAD, ("schema", "is current: at head, 0002")), (Ran(1, "", "It is at 0009."), LATER)],
    ids=["told", "failed"],
)
def test_the_tree_is_asked_where_it_runs(tmp_path: Path, answer: Ran, row: tuple[str, str]) -> None:
    of = of_this_tree(tmp_path, answer)
    assert after_restore(of) == [row]
    assert of.runtime.commands == ["state"]


@pytest.mark.parametrize("there", [True, False])
def test_in_production_the_live_release_is_asked_while_its_image_is_there(tmp_path: Path, there: bool) -> None:
    of = of_this_tree(tmp_path, AT_HEAD)
    used: list[str] = []
    live = SimpleNamespace(image="shop:2", image_id="sha256:2")
    images = SimpleNamespace(find=lambda one: live if there and one == live.image_id else None)
    releases = SimpleNamespace(live=lambda: live, images=images)
    of.is_deployed, of.deployment = True, SimpleNamespace(releases=releases, use=used.append)
    now = ("schema", "is current for shop:2, which is live: at head, 0002")
    assert (after_restore(of), used) == (([now], ["sha256:2"]) if there else ([LATER], []))
