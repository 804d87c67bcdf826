"""What a verb leaves in `.slipway/last.log`, and when commands are shown whole."""

from pathlib import Path

import pytest
from invoke.config import Config
from invoke.context import Context

from slipway.core.steps import LOG
from slipway.verbs.verb import Verb, steps_of, task
from tests.support import Checkout


def test_a_verb_that_runs_something_is_in_the_log_and_one_that_looks_is_not(little: Checkout) -> None:
    log = little.root / LOG
    assert little.inv("status").returncode == 0
    assert not log.exists()
    little.up()
    assert little.inv("logs", "-n", "5").returncode == 0
    runs = log.read_text().split("=== ")
    assert "./inv logs -n 5 (process " in runs[-1]
    assert runs[-1].endswith("    (what it prints is not here: it has the terminal)\n")
    assert little.inv("status").returncode == 0
    assert log.read_text().split("=== ") == runs


def test_invokes_echo_shows_commands_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verb, "echo", False)
    monkeypatch.setattr("sys.argv", ["inv", "--search-root", "/x", "-e", "look", "a b"])
    seen: list[bool] = []

    @task
    def look(_: Context, name: str) -> None:
        seen.append(steps_of(tmp_path).whole)

    for echo in (False, True):
        look(Context(Config(overrides={"run": {"echo": echo}})), name="a b")
    assert seen == [False, True]
    assert steps_of(tmp_path).log.called == "./inv -e look 'a b'"
