"""What a verb prints while it works."""

import os

import pytest

from slipway.core.scripts import Script
from slipway.core.secrecy import Secrets
from slipway.core.steps import GREEN, PLAIN, RED, Steps, written


@pytest.fixture
def steps() -> Steps:
    """Give steps that know a secret, and write no colour."""
    return Steps(secrets=Secrets({"hush"}), prefix={"DOCKER_CONTEXT": "else where"}, colour=False)


def test_a_step_is_a_line_with_its_time(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    with steps.step("start", "slowly") as step:
        step.detail = "done, with hush"
    steps.note("runtime", "docker")
    told = capsys.readouterr()
    assert told.out == ""
    line, note = told.err.splitlines()
    assert line.startswith("  start      done, with [secret]")
    assert line.endswith(f"{steps.times['start']:6.1f} s")
    assert note == "  runtime    docker"


def test_a_step_that_breaks_off_says_so_whatever_it_was(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), steps.step("start", "the detail"):
        raise KeyboardInterrupt
    said = capsys.readouterr().err
    assert said.startswith("  start      failed ")
    assert "the detail" not in said
    assert "start" in steps.times


def test_a_command_can_be_pasted_and_shows_no_secret(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    steps.secrets.add("it's")
    steps.command(["docker", "run", "a b", "hush"], {"IMAGE": "shop:1", "WORD": "it's"})
    assert capsys.readouterr().err == (
        "  $ DOCKER_CONTEXT='else where' IMAGE=shop:1 WORD='[secret]' docker run 'a b' '[secret]'\n"
    )


def test_a_script_is_shown_by_its_file(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    steps.prefix.clear()
    steps.command(["sh", "-c", Script("slipway.deploy.compose", "deployment.sh")])
    assert capsys.readouterr().err == '  $ sh -c "$(cat slipway/deploy/compose/deployment.sh)"\n'


def test_what_is_told_does_nothing_to_a_terminal(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    steps.colour = True
    steps.say("one\n\x1b]0;two\a", RED)
    steps.note("live", "shop:1\nlive       other:2")
    with steps.step("start") as step:
        step.detail = "\x1b[2Jdone\n"
    told = capsys.readouterr().err
    assert told.startswith(f"{RED}one\n\\x1b]0;two\\x07{PLAIN}\n")
    assert "  live       shop:1\\nlive       other:2\n" in told
    assert f"  {GREEN}start     {PLAIN} \\x1b[2Jdone\\n" in told


def test_colour_is_for_a_terminal_that_wants_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "")
    assert not Steps().colour
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not Steps().colour
    monkeypatch.setenv("TERM", "xterm")
    coloured = Steps()
    with coloured.step("start"):
        pass
    with pytest.raises(ValueError, match="no"), coloured.step("start"):
        raise ValueError("no")
    good, bad = capsys.readouterr().err.splitlines()
    assert good.startswith(f"  {GREEN}start     {PLAIN} ")
    assert bad.startswith(f"  {RED}start     {PLAIN} failed")


def test_who_reads_no_more_stops_nothing() -> None:
    ends = os.pipe()
    with os.fdopen(ends[1], "w") as stream:
        written(stream, "read")
        os.close(ends[0])
        for _ in range(2):
            written(stream, "in vain")
