"""Changes of a .env text."""

import pytest

from slipway.project.dotenv import Unreadable, parse
from slipway.project.edits import changed

TEXT = "# first\nA=1\n# B=2\nexport C='x\ny'\n\nD=4 # d\n"


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (TEXT, {"A": "9"}, TEXT.replace("A=1", "A=9")),
        (TEXT, {"A": None}, TEXT.replace("A=1\n", "")),
        (TEXT, {"A": "a b"}, TEXT.replace("A=1", 'A="a b"')),
        (TEXT, {"B": "7"}, TEXT.replace("# B=2\n", "# B=2\nB=7\n")),
        (TEXT, {"C": "z"}, TEXT.replace("export C='x\ny'", "C=z")),
        (TEXT, {"C": None, "E": "5"}, TEXT.replace("export C='x\ny'\n", "") + "E=5\n"),
        (TEXT, {"E": None}, TEXT),
        (TEXT, {"X": "x", "D": "8"}, TEXT.replace("D=4 # d", "D=8") + "X=x\n"),
        ("A=1\nA=2\n", {"A": "3"}, "A=3\n"),  # one of them counts, and nobody knows which was meant
        ("A=1", {"B": "2"}, "A=1\nB=2\n"),
        ("# B=", {"B": "2"}, "# B=\nB=2\n"),
        ("", {"A": "1"}, "A=1\n"),
        ("AB=1\n", {"A": "2"}, "AB=1\nA=2\n"),
        ("A=1\r\nB=2\r\n", {"A": "3", "C": "4"}, "A=3\r\nB=2\r\nC=4\r\n"),
    ],
)
def test_what_is_not_changed_is_as_it_was(text: str, values: dict[str, str | None], expected: str) -> None:
    assert changed(text, values) == expected
    read = parse(expected)[0]
    assert all(read.get(name) == value for name, value in values.items())


def test_a_value_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(Unreadable):
        changed(TEXT, {"A": "$ and \\\\"})
