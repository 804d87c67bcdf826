"""Processes of this user beside the service."""

import sys
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.runtime.background import Background, log_of
from tests.support import wait_for


def test_one_goes_on_with_a_log_of_its_own_until_it_is_removed(tmp_path: Path) -> None:
    background = Background(tmp_path / "runs")
    script = "import os, time; print(os.environ['A'], os.getcwd(), flush=True); time.sleep(60)"
    made = background.start("run-1", [sys.executable, "-c", script], tmp_path, {"A": "given"})
    try:
        wait_for(lambda: background.log("run-1").read_text() == f"given {tmp_path}\n")
        assert (background.names(), background.process("run-1")) == (["run-1"], made.pid)
    finally:
        background.remove("run-1")
    made.wait()
    assert list(background.folder.iterdir()) == []


def test_what_one_has_printed_is_there_after_its_end(tmp_path: Path) -> None:
    background = Background(tmp_path)
    process = background.start("run-1", [sys.executable, "-c", "print('done')"], tmp_path, {})
    process.wait()
    wait_for(lambda: background.process("run-1") is None)
    assert background.names() == ["run-1"]
    assert background.log("run-1").read_text() == "done\n"


@pytest.mark.parametrize(
    ("program", "status", "said"),
    [("no-such-program", 127, "no-such-program is not installed."), ("./data", 126, "Permission denied")],
)
def test_a_program_that_cannot_be_started_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, status: int, said: str
) -> None:
    (tmp_path / "data").touch()
    monkeypatch.chdir(tmp_path)
    background = Background(tmp_path / "runs")
    with pytest.raises(Problem, match=said) as raised:
        background.start("run-1", [program], tmp_path, {})
    assert raised.value.code == status
    assert background.names() == []


def test_a_log_is_found_by_the_name_of_a_process_or_of_a_one_off(tmp_path: Path) -> None:
    for name in ("processes/worker", "runs/run-1"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / f"{name}.log").touch()
        assert log_of(tmp_path, name.partition("/")[2]) == tmp_path / f"{name}.log"
    with pytest.raises(Problem, match="No process has the name web"):
        log_of(tmp_path, "web")
