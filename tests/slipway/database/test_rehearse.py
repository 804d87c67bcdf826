"""In which order a rehearsal goes, and what it makes of tests that fail."""

from pathlib import Path
from typing import Any, TypeVar

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database.rehearse import play
from slipway.database.stage import Outcome, Rehearsed, Stage
from slipway.schema import protocol
from slipway.schema.answers import State, Upgraded
from tests.slipway.database.support import checkout

NEW = Rehearsed("this tree", "shop:rehearsed", "shop:test", "0005")
OLD = Rehearsed("0.1.0", "shop:0.1.0", "shop:0.1.0-test", "0002")
HERE = ["python", "-m", "slipway.schema"]

Answer = TypeVar("Answer")


class Played(Stage):
    """A stage on which nothing runs; it notes what would, and its tests end as told."""

    def __init__(self, root: Path, *answers: str, broken: tuple[str, ...] = ()) -> None:
        super().__init__(checkout(root), {})
        self.answers, self.broken, self.noted = list(answers), broken, list[Any]()

    def run(self, image: str, command: Any, env: Any = None) -> Ran:
        """Note what would run."""
        self.noted.append((image, list(command)))
        return Ran(0, "" if "alembic" in command else self.answers.pop(0))

    def serve(self, release: Rehearsed) -> None:
        """Note which release would be started."""
        self.noted.append(f"serve {release.name}")

    def test(self, release: Rehearsed, at: str, needed: bool = True) -> Outcome:
        """Note which tests would run."""
        self.noted.append(f"test {release.name} on {at}")
        return Outcome(release.name, at, f"{release.name} on {at}" not in self.broken, "said", needed)


def upgraded(*to: str, waiting: tuple[str, ...] = ()) -> str:
    """Return what an upgrade prints."""
    return protocol.written(Upgraded(("0002",), to, waiting=waiting))


STATE = protocol.written(State(("0002",)))


def test_the_previous_release_runs_while_this_tree_migrates(tmp_path: Path) -> None:
    broken = ("0.1.0 on 0005",)
    stage = Played(tmp_path, STATE, upgraded("0004", waiting=("0005",)), upgraded("0005"), broken=broken)

    outcomes = play(stage, OLD, NEW, filled=False)

    assert stage.noted == [
        ("shop:0.1.0", ["alembic", "upgrade", "head"]),
        "serve 0.1.0",
        ("shop:rehearsed", [*HERE, "state", "--json"]),
        "test 0.1.0 on 0002, as it is",
        ("shop:rehearsed", [*HERE, "upgrade", "--live", "0.1.0=0002", "--json"]),
        "test 0.1.0 on 0004",
        "serve this tree",
        "test this tree on 0004",
        ("shop:rehearsed", [*HERE, "upgrade", "--json"]),
        "test this tree on 0005",
        "test 0.1.0 on 0005",
    ]
    assert [one.broke for one in outcomes] == [False] * 5
    assert [(one.passed, one.needed) for one in outcomes[3:]] == [(True, True), (False, False)]


def test_a_copy_of_the_data_needs_no_migration_by_the_previous_release(tmp_path: Path) -> None:
    stage = Played(tmp_path, STATE, upgraded("0004"))

    play(stage, OLD, NEW, filled=True)

    assert stage.noted[0] == "serve 0.1.0"


def test_without_a_previous_release_this_tree_is_rehearsed_alone(tmp_path: Path) -> None:
    stage = Played(tmp_path, upgraded("0004"))

    assert [one.release for one in play(stage, None, NEW, filled=False)] == ["this tree"]
    assert stage.noted[0] == ("shop:rehearsed", [*HERE, "upgrade", "--json"])


def test_tests_that_fail_on_their_own_schema_say_nothing(tmp_path: Path) -> None:
    stage = Played(tmp_path, STATE, broken=("0.1.0 on 0002, as it is",))

    with pytest.raises(Problem, match=r"fails its own tests on 0002 already \(said\)"):
        play(stage, OLD, NEW, filled=False)


def test_an_image_of_a_newer_slipway_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="version 9 of its protocol"):
        play(Played(tmp_path, '{"version": 9}'), None, NEW, filled=False)
