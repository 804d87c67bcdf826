"""The .env file: spelling, reading, checking."""

import io

import pytest
from dotenv import dotenv_values

from slipway.project import dotenv
from tests.support import random_values

EXAMPLE = """\
# A comment.
NAME=value
# Where.
HOST=db
TOKEN=
# Optional:
# EXTRA=1
"""
SECRETS = {"TOKEN": 32}


def python_dotenv(text: str) -> dict[str, str | None]:
    """Read a text as python-dotenv does."""
    return dict(dotenv_values(stream=io.StringIO(text)))


def test_what_is_written_is_read_by_both_readers_as_meant() -> None:
    written = 0
    for value in random_values(2000):
        try:
            text = f"K={dotenv.spell(value)}\nNEXT=1\n"
        except dotenv.Unreadable:
            assert "$" in value, value  # only beside a $ can a value have no spelling
            continue
        written += 1
        assert python_dotenv(text) == {"K": value, "NEXT": "1"}
        assert dotenv.parse(text) == ({"K": value, "NEXT": "1"}, [])
    assert written > 1000


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("K=v", "v"),
        ("K = v ", "v"),
        ("export K=v", "v"),
        ("  K=v", "v"),
        ("K=", ""),
        ("K=''", ""),
        ("K=hello world # greets", "hello world"),
        ("K=a#b", "a#b"),
        ("K='a#b' # c", "a#b"),
        ('K="a b"#c', "a b"),
        (r'K="a\n\"b\"\\"', 'a\n"b"\\'),
        (r"K='it\'s $5'", "it's $5"),
        ("K=a'b\"c", "a'b\"c"),
        ('K="one\ntwo"', "one\ntwo"),
        ("K=v\r", "v"),
        ("\ufeffK=v", "v"),
        ("K=\u00a0v", None),
        ('K="one\r\ntwo"', None),
        ("K=$", None),
        ("K=a$b", None),
        ("K=${HOME}", None),
        ('K="a$b"', None),
        ("K='a${b}'", None),
        (r"K='a\\b'", None),
        (r'K="a\b"', None),
        ("K=a\t#b", None),
        *((f"K=a{space}#b", None) for space in "\u00a0\u2003\u3000\x0b\x0c\u2028\u0085\x1c"),
        ("K=a\u00a0 #b", None),
        ("K='a\u00a0#b'", "a\u00a0#b"),
        ("K= #a", None),
        ('K="a" b', None),
        ('K="open', None),
    ],
)
def test_a_line_is_read_as_python_dotenv_does_or_refused(line: str, value: str | None) -> None:
    values, findings = dotenv.parse(line + "\n")

    if value is None:
        assert len(findings) == 1
        assert findings[0].startswith(("line 1: K has", "line 1: K goes on", "line 1: K begins or ends"))
    else:
        assert (values, findings) == ({"K": value}, [])
        assert python_dotenv(line + "\n") == {"K": value}


def test_a_refusal_shows_the_spelling_that_works() -> None:
    _, findings = dotenv.parse("K=pa$$word\n")

    assert findings == ["line 1: K has a $ outside single quotes; write K='pa$$word'"]


def test_a_refusal_never_shows_a_secret() -> None:
    _, findings = dotenv.parse("TOKEN=pa$$word\n", lambda name, value: (name, value) == ("TOKEN", "pa$$word"))

    assert len(findings) == 1
    assert "pa$$" not in findings[0]
    assert "TOKEN='...'" in findings[0]


def test_lines_that_are_no_variables_are_each_named() -> None:
    values, findings = dotenv.parse("A=1\nnonsense\nB: 2\nA=3\n1X=4\n")

    assert values == {"A": "3"}
    assert [f.partition(":")[0] for f in findings] == ["line 2", "line 3", "line 4", "line 5"]
    assert "already in line 1" in findings[2]


def test_a_quote_that_is_never_closed_swallows_no_other_line() -> None:
    values, findings = dotenv.parse('A="open\nB=2\n')

    assert values["B"] == "2"
    assert len(findings) == 1


def test_fill_generates_what_is_secret_and_keeps_the_rest() -> None:
    text = dotenv.fill(EXAMPLE, SECRETS, lambda least: "generated")

    assert text == EXAMPLE.replace("TOKEN=\n", "TOKEN=generated\n")


def test_schema_tells_required_from_optional() -> None:
    known = dotenv.schema(EXAMPLE)

    assert known.required == {"NAME": "value", "HOST": "db", "TOKEN": ""}
    assert known.optional == {"EXTRA"}


GOOD = {"NAME": "n", "HOST": "h", "TOKEN": "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"}


def test_good_values_have_no_findings() -> None:
    values = GOOD | {"EXTRA": "2", "COMPOSE_PROJECT_NAME": "x"}

    assert dotenv.check(values, dotenv.schema(EXAMPLE), SECRETS) == []


def test_all_findings_come_at_once() -> None:
    values = {"NAME": "", "TOKEN": "short", "EXTRAS": "1", "ZEBRA": "1"}

    findings = dotenv.check(values, dotenv.schema(EXAMPLE), SECRETS)

    assert findings == [
        "NAME is empty",
        "HOST is missing",
        "TOKEN is too short: 5 bytes of at least 32",
        "EXTRAS is unknown: did you mean EXTRA?",
        "ZEBRA is unknown: add it to .env.example if the service reads it",
    ]


@pytest.mark.parametrize("weak", ["changeme" * 5, "ab" * 20, "please-change-me-0123456789-abcdef"])
def test_weak_secrets_are_refused(weak: str) -> None:
    assert len(dotenv.check(GOOD | {"TOKEN": weak}, dotenv.schema(EXAMPLE), SECRETS)) == 1


def test_a_secret_left_as_the_example_has_it_is_refused() -> None:
    example = EXAMPLE.replace("TOKEN=", f"TOKEN={GOOD['TOKEN']}")

    assert dotenv.check(GOOD, dotenv.schema(example), SECRETS) == ["TOKEN is an example, not a secret"]
