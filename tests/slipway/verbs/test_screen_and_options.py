"""What verbs print and ask, and how they read options."""

import io
import sys

import pytest

from slipway.core import secrecy
from slipway.core.errors import Problem
from slipway.core.words import PORTS, SECONDS
from slipway.verbs.options import after_dashes, number
from slipway.verbs.screen import confirm, flat, show_json, show_lines, show_rows, show_source, table


def test_a_number_is_whole_and_has_a_limit() -> None:
    assert number("port", "1", PORTS) == 1
    assert number("port", "65535", PORTS) == 65535
    for text in ("0", "-1", "65536", "1.5", "x", "", "\u0661", "inf", "1e3", "1" * 5000):
        with pytest.raises(Problem) as stopped:
            number("port", text, PORTS)
        assert str(stopped.value) == f"--port is a whole number from 1 to 65535, not {text!r}."
    assert number("bake", "0", SECONDS) == 0
    with pytest.raises(Problem, match=r"--bake is a whole number from 0 to 86400, not '86401'\.$"):
        number("bake", "86401", SECONDS)


def test_what_stands_after_the_dashes_is_not_invokes() -> None:
    assert after_dashes(["inv", "test", "--", "-k", "a b", "--", "x"]) == ["-k", "a b", "--", "x"]
    assert after_dashes(["inv", "test"]) == []


def test_a_table_has_its_columns_below_each_other() -> None:
    assert table([["A", "LONG"], ["b", ""], ["ccc", "d"]]) == ["A    LONG", "b", "ccc  d"]
    assert table([]) == []


def test_results_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([("now", "nothing is live")])
    show_json({"a": 1})
    assert capsys.readouterr().out == 'now        nothing is live\n{\n  "a": 1\n}\n'
    assert flat({"state": "ready", "process": 7}) == "ready 7"
    assert flat(None) == "-"


def test_a_locale_without_a_character_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    show_lines(["a · b"])
    show_source("ü")
    assert shown.getvalue() == b"a \\xb7 b\n\\xfc\n"


def test_what_a_result_holds_is_only_shown(capsys: pytest.CaptureFixture[str]) -> None:
    secrecy.SECRETS.add("hush-hush")
    show_lines(table([["RELEASE", "WHY"], ["1", "a\n2  live\x1b[2J"], ["3", "\x1b[31mhush-hush\u202e"]]))
    show_rows([("image", "one\nlive       two")])
    show_json({"why": "hush-hush \x1b"})
    show_source("SELECT '\x0c', 'hush-hush';")
    assert capsys.readouterr().out == (
        "RELEASE  WHY\n1        a\\n2  live\\x1b[2J\n3        [secret]\\u202e\nimage      one\\nlive       two\n"
        "{\n  \"why\": \"[secret] \\u001b\"\n}\nSELECT '\x0c', '[secret]';\n"
    )


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        """Tell that somebody is there."""
        return True


def test_what_destroys_asks_and_no_is_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm("Delete it?", yes=True)
    for answer in ("y\n", "YES\n"):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        confirm("Delete it?", yes=False)
    for answer in ("\n", "no\n", "", "yess\n"):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        with pytest.raises(Problem, match="Nothing was changed"):
            confirm("Delete it?", yes=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(Problem, match="There is no terminal to ask on: say --yes"):
        confirm("Delete it?", yes=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("Delete it? [y/N] ") == 6
