"""What was shown, as much of it as is kept: the beginning and the end."""

import time

import pytest

from slipway.core.kept import Kept, size
from slipway.core.log import Log
from slipway.core.steps import Steps


def test_a_short_text_is_kept_whole_with_the_time_of_each_line() -> None:
    before, kept = time.time_ns(), Kept()
    kept.add("a\nb")
    kept.add("")
    assert kept.text == "a\nb\n\n"
    assert [line for _, line in kept.lines()] == ["a", "b", ""]
    assert all(before <= at <= time.time_ns() for at, _ in kept.lines())


def test_of_a_long_one_its_head_and_its_tail() -> None:
    kept = Kept(most=1000)
    for number in range(1000):
        kept.add(f"line {number}")
    lines = [line for _, line in kept.lines()]
    assert (lines[0], lines[-1]) == ("line 0", "line 999")
    left_out = sum(size(f"line {number}") for number in range(1000)) - sum(map(size, lines)) + size(lines[50])
    middle = [line for line in lines if line.startswith("...")]
    assert middle == [f"... ({kept.left_out / 1000:.1f} kB left out) ..."]
    assert abs(left_out - kept.left_out) < 100
    assert len(kept.text.encode()) <= 1000 + size(middle[0])


@pytest.mark.parametrize("letter", ["x", "ä", "\ud800"], ids=["ascii", "two-bytes", "surrogate"])
def test_a_line_without_an_end_is_cut(letter: str) -> None:
    kept = Kept(most=1000)
    kept.add(letter * 5000)
    kept.add("end")
    assert len(kept.text.encode(errors="replace")) <= 1100
    assert kept.text.endswith("end\n")
    assert "left out" in kept.text


def test_a_run_keeps_what_it_shows_also_where_there_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(log=Log(None))
    steps.say("deploy · prod")
    with steps.step("ready", "healthy"):
        steps.command(["true"])
        steps.printed("what it printed\n")
    kept = steps.log.kept.text.splitlines()
    assert kept[:3] == ["deploy · prod", "  $ true", "    what it printed"]
    assert kept[3].startswith("  ready      healthy")
    assert capsys.readouterr().err.splitlines()[-1] == kept[3]
