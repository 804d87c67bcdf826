"""The processes beside the service on this machine."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.runtime.environment import Environment
from slipway.runtime.host_processes import HostProcesses
from tests.slipway.runtime.support import start, stop
from tests.support import wait_for

Make = Callable[..., HostProcesses]
WORKS = "python -c 'import os, time; print(os.environ[\"SETTING\"], flush=True); time.sleep(60)'"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Give what makes the processes of a project; all are stopped."""
    made: list[HostProcesses] = []

    def make(table: str, environment: str = "dev", setting: str = "one") -> HostProcesses:
        (tmp_path / "pyproject.toml").write_text(
            f'[project]\nname = "shop"\nversion = "1"\n[tool.slipway]\nwait = 5\n[tool.slipway.processes]\n{table}\n'
        )
        project, steps = load(tmp_path), Steps()
        of = Environment(environment, project.state / environment, Settings(project, steps, lambda: False))
        told = {**os.environ, "SETTING": setting}
        made.append(
            HostProcesses(
                Checkout(project, Shell(tmp_path, steps)), of, lambda: told, lambda argv: [sys.executable, *argv[1:]]
            )
        )
        return made[-1]

    yield make
    stop(made)


def said(processes: HostProcesses, name: str) -> str:
    """Return what a process has printed."""
    return processes.background.log(name).read_text()


def states(processes: HostProcesses) -> dict[str, str]:
    """Return the states, in a word each."""
    return {name: one.state for name, one in processes.states().items()}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_each_is_started_once_and_stopped(make: Make, environment: str) -> None:
    worker = make(f'worker = """{WORKS}"""', environment)
    assert states(worker) == {"worker": "stopped"}
    assert start(worker)
    assert states(worker) == {"worker": "running"}
    assert not start(worker)
    wait_for(lambda: said(worker, "worker") == "one\n")
    worker.stop_all()
    assert states(worker) == {"worker": "stopped"}
    assert start(worker)


@pytest.mark.parametrize(("environment", "again"), [("dev", True), ("prod", False)])
def test_other_settings_start_it_anew_in_development_alone(make: Make, environment: str, again: bool) -> None:
    start(make(f'worker = """{WORKS}"""', environment))
    changed = make(f'worker = """{WORKS}"""', environment, setting="two")
    assert start(changed) is again
    wait_for(lambda: said(changed, "worker") == ("two\n" if again else "one\n"))


def test_one_that_is_not_wanted_any_more_is_stopped(make: Make) -> None:
    start(make(f'worker = """{WORKS}"""\nmailer = """{WORKS}"""'))
    fewer = make(f'mailer = """{WORKS}"""')
    assert states(fewer) == {"mailer": "running", "worker": "running"}
    assert not start(fewer)
    assert states(fewer) == {"mailer": "running"}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_one_that_dies_at_once_is_said_with_the_end_of_its_log(make: Make, environment: str) -> None:
    broken = make('''worker = """python -c 'print("no queue"); raise SystemExit(3)'"""''', environment)
    with pytest.raises(Problem, match="no queue") as raised, contextlib.ExitStack() as undo:
        broken.start(undo)
    assert "worker ended with status 3" in str(raised.value.message)
    assert states(broken) == {"worker": "stopped"}


def test_one_that_ends_later_is_shown_and_started_again(make: Make) -> None:
    later = make('''worker = """python -c 'import time; time.sleep(1.5)'"""''', "prod")
    start(later)
    wait_for(lambda: states(later) == {"worker": "stopped"})
    assert start(later)


def test_one_with_a_health_command_is_waited_for(make: Make, tmp_path: Path) -> None:
    command = "python -c 'import pathlib, time; time.sleep(1); pathlib.Path(\"well\").touch(); time.sleep(60)'"
    health = "python -c 'import pathlib; pathlib.Path(\"well\").stat()'"
    start(make(f'worker.command = """{command}"""\nworker.health = """{health}"""'))
    assert (tmp_path / "well").exists()
    never = "python -c 'raise SystemExit(1)'"
    with pytest.raises(Problem, match="worker was not well in 5 s"):
        start(make(f'worker.command = """{command}"""\nworker.health = """{never}"""'))


def test_replicas_are_for_production_and_a_single_one_holds_its_lock(make: Make) -> None:
    table = f'worker.command = """{WORKS}"""\nworker.replicas = 2\nbeat.command = """{WORKS}"""\nbeat.single = true'
    assert states(make(table)) == {"worker": "stopped", "beat": "stopped"}
    several = make(table, "prod")
    start(several)
    assert states(several) == {"worker": "running", "worker-2": "running", "beat": "running"}
    assert (several.background.folder / "beat.lock").exists()
