"""How far a program is, told while it takes long."""

import sys
from pathlib import Path

import pytest

from slipway.core import still
from slipway.core.errors import Problem
from slipway.core.secrecy import Secrets
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.core.terminal import draws

BUILD = """\
#4 [internal] load metadata
#4 DONE 0.1s
#7 [poetry 2/4] COPY slipway/image/poetry.txt /tmp/
#8 [dependencies 3/4] RUN pip download
#7 CACHED
#8 1.234 Collecting alembic==1.20.1
"""


@pytest.mark.parametrize(
    ("printed", "at"),
    [
        (BUILD, "[dependencies 3/4] RUN pip download"),
        (BUILD + "#9 [source 1/2] COPY . srv\n", "[source 1/2] COPY . srv"),
        (BUILD + "#9 [source 1/2] CO", "[dependencies 3/4] RUN pip download"),
        ("a: Pulling fs layer\na: Download complete\n\n", "a: Download complete"),
        ("half a li", ""),
        ("", ""),
    ],
)
def test_a_builder_is_at_its_latest_step_and_others_at_their_last_whole_line(printed: str, at: str) -> None:
    assert still.at(printed) == at


def slow(text: str, status: int = 0) -> list[str]:
    """Return a program that says something, and takes a moment."""
    said = f"import sys, time; print({text!r}, file=sys.stderr, flush=True); time.sleep(0.5); sys.exit({status})"
    return [sys.executable, "-c", said]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    secrets = Secrets()
    secrets.add("hunter2hunter2")
    return Shell(tmp_path, Steps(secrets, colour=False))


def test_where_no_terminal_is_a_line_comes_now_and_then(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(still, "EVERY", 0.2)
    shell.quietly(slow("#8 [one 3/4] RUN login hunter2hunter2\n#8 0.1 x"))
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("  $")]
    assert told
    assert set(told) == {"  ... 0 s: [one 3/4] RUN login [secret]"}

    with pytest.raises(Problem, match=r"(?s)no space.*not built"):
        shell.quietly(slow("no space", 3), failed="not built")
    shell.probe(slow("a question"))
    assert "a question" not in capsys.readouterr().err, "what is not shown is not told of"


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_terminal_has_one_line_that_is_rewritten_unless_it_cannot(
    shell: Shell, term: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(still, "SOON", 0.2)
    assert draws(sys.stderr) == (term != "dumb")
    shell.output(slow("pulling"), echo=True)
    err = capsys.readouterr().err
    assert ("\r\x1b[K  ... 0 s: pulling" in err) == (term != "dumb")
    assert err.endswith("\r\x1b[K" if term != "dumb" else "\n")
