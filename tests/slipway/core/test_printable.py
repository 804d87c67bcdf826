"""Text that a terminal only shows."""

import pytest

from slipway.core.printable import drawn, line, plain

ACTS = {
    "\x1b]0;title\a": r"\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x1b\\": r"\x1b]52;c;aGk=\x1b\\"[:-1],
    "\x1b[2J\x1b[H": r"\x1b[2J\x1b[H",
    "\x9b31m": r"\x9b31m",
    "a\rb": r"a\rb".replace("\\r", "\\x0d"),
    "\b\x7f\0": r"\x08\x7f\x00",
    "user\u202etxt.exe\u2066": r"user\u202etxt.exe\u2066",
    "\udc9b \ud800": r"\x9b \ud800",
}


@pytest.mark.parametrize(("text", "shown"), ACTS.items())
def test_what_a_terminal_would_obey_is_seen_instead(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert plain(text).encode()  # it can be written


def test_lines_stay_lines_and_colours_are_left_out() -> None:
    assert plain("\x1b[1;31merror\x1b[0m:\ta\r\nb ä € 漢 😀") == "error:\ta\nb ä € 漢 😀"
    assert line("one\nlive  \x1b[32mtwo\t") == r"one\nlive  two\t"


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[1;38:5:208mcolour\x1b[m", "\x1b[2K\x1b[1A\r50 %\b", "\x1b[?25l\x1b[?2004h", "\x1b7\x1b8\x1b(B",
        "ä\t€\n漢",
        b"\xff\xfe".decode("utf-8", "surrogateescape"),
    ],
)  # fmt: skip
def test_a_program_may_draw(text: str) -> None:
    assert drawn(text) == text.replace("\udcff", r"\xff").replace("\udcfe", r"\xfe")


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[6n", "\x1b[?1003h", "\x1b[c", "\x1b[21t", "\x1b[>0q", "\x1b]0;x", "\x1bP+q\x1b\\", "\x1b_x",
        "\x1bc", "\x1b(0", "\x9b6n",
        "\u202e", "\u2067", "\udc9d", "\x0e", "\x05",
    ],
)  # fmt: skip
def test_a_program_may_do_nothing_else(text: str) -> None:
    assert not [letter for letter in drawn(text) if not letter.isprintable()]
