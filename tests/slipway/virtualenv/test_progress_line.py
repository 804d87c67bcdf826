"""How far an installation is: one line that is rewritten, or one every ten seconds."""

import sys
from pathlib import Path

import pytest

from slipway.virtualenv import progress
from slipway.virtualenv.progress import Line, Progress, reasons

PIP = "Collecting a==1 (from -r x)\n  Downloading a-1-py3-none-any.whl (12 kB)\nCollecting b==2\n"
UV = "Using Python 3.13.0\nDownloading mypy (14.7MiB)\nDownloading ruff (10.1MiB)\n Downloaded mypy\n"


def test_it_says_what_pip_and_uv_have_fetched_and_then_what_is_there(tmp_path: Path) -> None:
    one = Progress("inv: making .venv", 131, [tmp_path])
    assert one.text("", installs=True) == "inv: making .venv"
    assert one.text(PIP, installs=True) == "inv: making .venv: 2 of 131 packages fetched"
    assert one.text(UV, installs=True) == "inv: making .venv: fetching ruff (10.1MiB)"
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}-1.dist-info").mkdir()
    assert one.text(PIP, installs=True) == "inv: making .venv: 3 of 131 packages"
    assert one.text("", installs=False) == "inv: making .venv"


def test_what_is_left_of_the_output_says_why_it_failed() -> None:
    wrong = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n    a==1 from file:///a.whl\n"
    assert reasons(PIP + "Installing collected packages: a, b\n" + wrong) == wrong
    assert reasons(UV + "  x Failed to fetch\n + a==1\n") == "  x Failed to fetch\n"


@pytest.mark.parametrize(
    ("terminal", "term", "shown"),
    [
        (True, "xterm", "\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K"),
        (True, "dumb", ""),
        (False, "xterm", ""),
    ],
)
def test_only_a_terminal_that_can_has_its_line_rewritten(
    terminal: bool, term: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", term)
    line = Line()
    for text in ("1 of 2", "1 of 2", "2 of 2"):
        line.show(text)
    line.end()
    assert capsys.readouterr().err == shown


def test_elsewhere_a_line_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(progress, "LOOK", 0.05)
    slow = [sys.executable, "-c", "import time; print('Collecting a', flush=True); time.sleep(0.4)"]
    status, said = Progress("inv: making .venv", 2).run(slow)
    assert (status, said) == (0, "Collecting a\n")
    assert "inv: making .venv: 1 of 2 packages fetched\n" in capsys.readouterr().err


def test_a_program_is_ended_with_who_waits_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Line, "show", stop)
    done = tmp_path / "done"
    with pytest.raises(KeyboardInterrupt):
        Progress().run([sys.executable, "-c", f"import time; time.sleep(20); open({str(done)!r}, 'w')"])
    assert not done.exists()


def test_what_takes_more_than_its_time_is_ended() -> None:
    status, said = Progress().run(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"], seconds=2
    )
    assert (status < 0, said) == (True, "1\n")
