"""Where gates run: names that are nobody else's."""

from pathlib import Path

from slipway.project.checkout import Checkout
from slipway.release.attempt import Attempt
from slipway.release.sandbox import Sandbox
from tests.slipway.project.support import git


def test_two_checkouts_do_not_get_into_each_others_way(attempt: Attempt, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(attempt.home.root), "another/a shop")
    other = Attempt(Checkout.at(tmp_path / "another" / "a shop", attempt.home.steps), "1.2.4")
    assert Sandbox(attempt).name != Sandbox(other).name
    assert Sandbox(attempt).name.startswith("ashop-release-")
