"""How clients are sent away on an engine: files beside the pointer, and what the proxy's counts are then."""

from pathlib import Path

from slipway.deploy.compose.answers import Counted
from slipway.deploy.maintenance import Maintenance
from slipway.engine.jobs import rows
from slipway.runtime.release import Answers
from tests.slipway.deploy.compose.support import script, two_folders

NOTED = Maintenance("now", "ann", "Back soon", 60).files()


def test_files_are_there_before_it_is_on_and_stay_for_those_who_are_getting_them(tmp_path: Path) -> None:
    folder = two_folders(tmp_path)
    there = folder / "maintenance"

    def allowed() -> list[str]:
        return sorted(path.name for path in (there / "allowed").iterdir())

    cut_off = script(folder, "away", given=rows(NOTED)[:-2])
    assert (cut_off.returncode, there.exists()) == (1, False)
    assert "nothing was changed" in cut_off.stderr

    assert script(folder, "away", "192.0.2.7", "2001:db8::7", given=rows(NOTED)).returncode == 0
    assert {path.name: path.read_text() for path in there.iterdir() if path.is_file()} == NOTED
    assert allowed() == ["192.0.2.7", "2001:db8::7"]
    assert script(folder, "away", "192.0.2.8", given=rows(NOTED)).returncode == 0
    assert allowed() == ["192.0.2.8"]

    for _ in range(2):
        assert script(folder, "let_in").returncode == 0
        assert {path.name for path in there.iterdir() if path.is_file()} == NOTED.keys() - {"on"}
    assert script(folder, "away", given=rows(NOTED)).returncode == 0
    assert allowed() == []


def test_what_clients_get_who_are_sent_away_is_no_releases() -> None:
    counted = Counted()
    looks = [
        (Answers(100, 2), False, Answers(100, 2)),
        (Answers(110, 2, 5), True, Answers(100, 2)),  # it began in between
        (Answers(150, 2, 45), True, Answers(100, 2)),
        (Answers(), False, Answers()),  # it cannot be asked
        (Answers(160, 2, 50), False, Answers(100, 2)),  # it ended in between
        (Answers(170, 3, 50), False, Answers(110, 3)),
        (Answers(5), False, Answers(5)),  # the proxy was made anew
    ]
    assert [counted.without(found, away) for found, away, _ in looks] == [left for _, _, left in looks]


def test_a_proxy_that_sends_clients_away_from_the_first_look_on_has_led_nobody() -> None:
    counted = Counted()
    assert counted.without(Answers(50, 0, 50), True) == Answers()
    assert counted.without(Answers(80, 0, 80), True) == Answers()
