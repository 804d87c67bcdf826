"""What the releases that run would miss once a backup is restored."""

from pathlib import Path

from slipway.core.shell import Ran
from slipway.database import older
from slipway.runtime import LiveRelease
from tests.slipway.database.support import Noting, checkout, environment, revision

LIVE = LiveRelease("shop:2", "0002")


def warned(root: Path, at: str, *live: LiveRelease) -> list[str]:
    """Return what is said of a backup that is at these revisions."""
    of = checkout(root / f"{at} {len(live)} {live[0].heads if live else ''}")
    revision(of.root, "0001", None)
    revision(of.root, "0002", "0001")
    runtime = Noting(of, environment(of), Ran(0, at), live=live)
    found = older.warnings(of, runtime, "a.dump")
    assert runtime.commands == (["revisions"] if live else [])
    return found


def test_what_a_live_release_would_miss_is_told_before_anything_is_changed(tmp_path: Path) -> None:
    (said,) = warned(tmp_path, "0001", LIVE)
    assert said == (
        "shop:2 runs and needs 0002, and the backup is at 0001: it fails from the restore on, until ./inv migrate"
    )
    (said,) = warned(tmp_path, "", LIVE)
    assert "needs 0001, 0002, and the backup is at no revisions" in said
    assert warned(tmp_path, "0002", LIVE) == []
    assert warned(tmp_path, "0001", LiveRelease("shop:1", "0001")) == []
    assert warned(tmp_path, "0001") == []


def test_what_this_tree_does_not_know_is_not_taken_for_good(tmp_path: Path) -> None:
    for at, release in (("0009", LIVE), ("0001", LiveRelease("shop:3", "0009")), ("0001", LiveRelease("shop:0", ""))):
        (said,) = warned(tmp_path, at, release)
        assert "cannot be told from this tree" in said
