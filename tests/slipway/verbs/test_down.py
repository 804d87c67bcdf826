"""What `inv down --volumes` says that it has deleted, and kept."""

import pytest

from slipway.core.errors import Problem
from slipway.verbs.run import deleted
from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
DB, LEDGER, BACKUPS = "the volume shop-prod_db", "the volume shop-prod_ledger", "the volume shop-prod-backups"


def test_what_was_deleted_is_named_and_what_is_kept() -> None:
    assert deleted([DB, LEDGER], [], [BACKUPS]) == [
        ("deleted", f"{DB}, {LEDGER}"),
        ("kept", f"{BACKUPS}, where the backups are"),
    ]
    assert deleted([DB], [], []) == [("deleted", DB)]
    assert deleted([], [], []) == [("deleted", "nothing: there was no data")]


def test_what_is_there_all_the_same_was_not_deleted() -> None:
    with pytest.raises(Problem) as raised:
        deleted([DB, LEDGER], [LEDGER], [BACKUPS])
    assert raised.value.message == f"Not deleted: {LEDGER}. Deleted: {DB}. Delete it by hand."


def test_on_this_host_they_are_folders_and_without_volumes_nothing_is_said(little: Checkout) -> None:
    data, backups = (little.root / ".slipway/dev" / name for name in ("postgres", "backups"))
    little.write(".slipway/dev/postgres/PG_VERSION", "17\n")
    little.write(".slipway/dev/backups/order", "")
    plain = little.inv("down", "--runtime", "host", **NOWHERE)
    assert (plain.returncode, "deleted" in plain.stderr) == (0, False)

    done = little.inv("down", "--volumes", "--yes", "--runtime", "host", **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert f"  deleted    {data}\n  kept       {backups}, where the backups are\n" in done.stderr
    again = little.inv("down", "--volumes", "--runtime", "host", **NOWHERE)
    assert "deleted    nothing: there was no data" in again.stderr
    assert ("its data deleted" in done.stderr, "its data deleted" in again.stderr) == (True, False)
    assert (data.exists(), backups.exists()) == (False, True)
