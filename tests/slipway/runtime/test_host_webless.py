"""A service without web on this machine."""

import contextlib
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.runtime import LiveRelease, State
from slipway.runtime.background import Background
from slipway.runtime.environment import Environment
from slipway.runtime.host_webless import WeblessHostService
from tests.support import wait_for

BOTS = 'bot = "python -m app.bot"\nticker = { command = "python -m app.ticker" }'


def service(root: Path, table: str = BOTS, **states: str) -> WeblessHostService:
    """Make one of a project, whose processes are so."""
    text = f'[project]\nname = "shop"\nversion = "1"\n[tool.slipway]\nasgi = ""\n[tool.slipway.processes]\n{table}\n'
    (root / "pyproject.toml").write_text(text)
    project, steps = load(root), Steps()
    of = Environment("dev", project.state / "dev", Settings(project, steps, lambda: False))
    found = {name: State(word) for name, word in states.items()}
    return WeblessHostService(Checkout(project, Shell(root, steps)), of, dict, dict, lambda: found)


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ({}, "stopped"),
        ({"bot": "stopped", "ticker": "stopped"}, "stopped"),
        ({"bot": "running", "ticker": "running"}, "running"),
        ({"bot": "running", "ticker": "stopped"}, "not ready"),
    ],
)
def test_it_is_as_all_of_its_processes_are(tmp_path: Path, states: dict[str, str], word: str) -> None:
    assert service(tmp_path, **states).state().state == word


def test_what_runs_is_told_by_the_records_of_its_processes(tmp_path: Path) -> None:
    bot = service(tmp_path)
    assert (bot.running(), bot.live(), bot.port()) == ("", [], None)
    background = Background(tmp_path / ".slipway/dev/processes")
    process = background.start("bot", ["sleep", "60"], tmp_path, {}, "", "1.2.3", "0002")
    try:
        wait_for(lambda: bot.running() == "1.2.3")
        assert bot.live() == [LiveRelease("1.2.3", "0002")]
    finally:
        background.remove("bot")
        process.wait()


def test_one_of_which_nothing_can_run_here_is_refused(tmp_path: Path) -> None:
    with contextlib.ExitStack() as undo:
        service(tmp_path).start(8000, undo)
        with pytest.raises(Problem, match=r"bot of .* has no command, which is what runs where Docker doesn't"):
            service(tmp_path, "bot = {}").start(8000, undo)


def test_logs_are_of_a_process_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="there are bot, ticker"):
        service(tmp_path).logs(follow=False, lines=1)
