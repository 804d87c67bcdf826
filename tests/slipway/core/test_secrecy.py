"""What is secret by its name or as part of an address, and text without it."""

import base64
import html
import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import quoteattr

import pytest
from pydantic import BaseModel, ValidationError

from slipway.core.secrecy import HIDDEN, Secrets, is_secret, likely, tells
from slipway.core.spellings import spellings

TOKEN = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"
ODD = 'it\'s "€100" at 5%,\\ $HOME & more'


def test_a_value_is_hidden_wherever_it_stands_and_nothing_else_is() -> None:
    hidden = Secrets({TOKEN})
    assert hidden.redact(f"a{TOKEN}b, {TOKEN}") == f"a{HIDDEN}b, {HIDDEN}"
    assert hidden.redact(f"{TOKEN[:7]}\n30 tests passed...") == f"{TOKEN[:7]}\n30 tests passed..."
    assert Secrets().redact("a...b") == "a...b"


@pytest.mark.parametrize(
    "printed",
    [
        str, repr, shlex.quote, quote, quote_plus, json.dumps, lambda one: quote(one, safe=""),
        lambda one: re.sub("%..", lambda match: match[0].lower(), quote(one, safe="")),
        lambda one: repr(one.encode()), lambda one: json.dumps(one, ensure_ascii=False),
        lambda one: one.replace("$", "$$"), lambda one: "'{}'".format(one.replace("'", "''")),
        lambda one: base64.b64encode(one.encode()).decode(),
        lambda one: base64.urlsafe_b64encode(b"u:" + one.encode() + b"!").decode(),
        lambda one: base64.b64encode(b"some:" + one.encode() + b"!!").decode(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [TOKEN, ODD])
def test_programs_print_it_in_many_spellings(printed: Callable[[str], str], value: str) -> None:
    text = Secrets({value}).redact(f"it is {printed(value)}.")
    assert HIDDEN in text
    assert not [part for part in spellings(value) if part in text]
    assert value[4:12] not in text


def gos(value: str) -> str:
    """Return a JSON string as Go writes it, also where it is no part of a page."""
    return re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


ONCE: dict[str, Callable[[str], str]] = {
    "html": html.escape, "jinja": lambda one: html.escape(one).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "xml": lambda one: quoteattr(one, {"'": "&apos;"}), "ascii": ascii,
    "charrefs": lambda one: html.escape(one).encode("ascii", "xmlcharrefreplace").decode(), "go": gos,
    "json": json.dumps, "repr": repr, "shell": shlex.quote, "url": quote, "compose": lambda one: one.replace("$", "$$"),
    "sql": lambda one: one.replace("'", "''"), "double": lambda one: re.sub(r'([\\$"`])', r"\\\1", one),
    "bare": lambda one: re.sub(r"([^\w@%+=:,./-])", r"\\\1", one, flags=re.ASCII),
}  # fmt: skip


@pytest.mark.parametrize("second", ONCE)
@pytest.mark.parametrize("first", ONCE)
def test_what_was_quoted_may_be_quoted_again(first: str, second: str) -> None:
    for value in (TOKEN, ODD, '<b>it\'s & "so"</b>+1'):
        for printed in (ONCE[first](value), ONCE[second](ONCE[first](value))):
            hidden = Secrets({value}).redact(f"it is {printed}.")
            assert HIDDEN in hidden, printed
            assert value[4:12] not in hidden


def test_what_secrets_are_spelled_with_is_not_hidden() -> None:
    hidden = Secrets({TOKEN, ODD, 'a&"b'})
    for text in (
        "&amp; &quot; &#x27; \\\\ \\u0026 %5C",
        "the amp; and more at HOME, for 100",
        'a & b, "b"',
        "&quot;\n",
    ):
        assert hidden.redact(text) == text


@pytest.mark.parametrize("value", ['a&"b', "it's"])
def test_a_short_one_is_hidden_in_its_spellings(value: str) -> None:
    for printed in (value, html.escape(value), json.dumps(value), shlex.quote(value), quote(value)):
        assert HIDDEN in Secrets({value}).redact(f"it is {printed}, x")


@pytest.mark.parametrize("value", [TOKEN, TOKEN * 3, ODD * 2, "ab'cd\"ef\\gh" * 4])
def test_what_pydantic_shortens_shows_no_end_of_it(value: str) -> None:
    class Wanted(BaseModel):
        number: int
        other: int

    with pytest.raises(ValidationError) as wrong:
        Wanted(number=value)  # type: ignore[call-arg]
    assert value[:8] in str(wrong.value).replace("\\\\", "\\").replace("\\'", "'").replace('\\"', '"')
    said = Secrets({value}).redact(str(wrong.value))
    assert said.count("input_value=") == 2
    for end in (value[:4], value[-4:]):
        assert end not in said


def test_what_is_broken_off_at_the_end_of_a_line_is_hidden() -> None:
    assert Secrets({TOKEN}).redact(f"a {TOKEN[:-1]}\nb {TOKEN[:8]}\r\nc {TOKEN[:20]}") == (
        f"a {HIDDEN}\nb {HIDDEN}\r\nc {HIDDEN}"
    )


def test_each_line_of_a_long_one_is_hidden() -> None:
    hidden = Secrets({f"{TOKEN}\n  {TOKEN[::-1]}\nend\n"})
    assert hidden.redact(f"web-1 | {TOKEN}\nweb-1 | {TOKEN[::-1]}\nthe end, ends") == (
        f"web-1 | {HIDDEN}\nweb-1 | {HIDDEN}\nthe {HIDDEN}, ends"
    )
    assert hidden.redact(repr(f"{TOKEN}\n  {TOKEN[::-1]}\nend\n")) == f"'{HIDDEN}'"


def test_a_short_one_is_hidden_where_it_stands_alone() -> None:
    hidden = Secrets({"7", "$a1"})
    assert hidden.redact("PIN=7 after 17.7 s, '$a1' 77") == f"PIN={HIDDEN} after 17.{HIDDEN} s, '{HIDDEN}' 77"


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    hidden = Secrets({"hush-hush", "a hush-hush b", "secret"})
    assert hidden.redact("a hush-hush b") == HIDDEN


@pytest.mark.parametrize("name", ["API_TOKEN", "apiKey", "DB_PASSWORD", "MY_SECRET", "AWS_CREDENTIALS", "SENTRY_DSN"])
def test_a_name_tells_of_a_secret(name: str) -> None:
    assert is_secret(name)
    assert likely({name: TOKEN}) == {TOKEN}


@pytest.mark.parametrize(
    "value", ["short-1", "30", "1000000000", "-2.5", "86_400_000", "disabled", "Enabled", "       x", __file__]
)
def test_what_stands_anywhere_is_not_hidden_for_a_name(value: str) -> None:
    assert likely({"API_TOKEN": value}) == set()


def test_what_is_about_a_secret_is_none() -> None:
    names = (
        "PWD",
        "SSH_AUTH_SOCK",
        "SECRET_KEY_FILE",
        "POSTGRES_HOST_AUTH_METHOD",
        "JWT_ISSUER",
        "TOPIC",
        "PUBLIC_KEY",
    )
    assert likely(dict.fromkeys(names, "something/long")) == set()
    assert likely({"COSIGN_KEY": "env://THE_KEY_OF_IT"}) == set()


def test_what_the_example_has_is_not_hidden_for_its_name() -> None:
    assert likely({"API_TOKEN": "only-here-in-development", "OTHER_TOKEN": TOKEN}, {"only-here-in-development"}) == {
        TOKEN
    }


def test_of_an_address_the_password_is_secret() -> None:
    assert likely({"BROKER": "redis://me:p%40ssw0rd!@host:6379/0"}) == {"p%40ssw0rd!", "p@ssw0rd!"}
    assert (
        likely({"BROKER": "redis://somebody@host:6379/0", "HOST": "http://host:8000/path", "SHORT": "x://a:b@c"})
        == set()
    )
    assert likely({"BROKERS": "x://a:pass@word@h,x://b:other-word@h/0"}) == {"pass@word", "other-word"}
    assert likely({"INDEX": "https://token-of-mine@host/simple"}) == {"token-of-mine"}


@pytest.mark.parametrize("value", ['["X-API-Key","Authorization"]', "*", "X-Token,X-Other-One", ""])
def test_names_of_headers_give_nothing_away(value: str) -> None:
    assert not tells("CORS_HEADERS", value)
    assert likely({"CORS_HEADERS": value}) == set()


def test_headers_hold_keys() -> None:
    assert tells("OTEL_EXPORTER_OTLP_HEADERS", "api-key=12ab34cd")
    assert tells("HTTP_HEADERS", '{"x-key": "12ab34cd"}')
    assert likely({"OTEL_EXPORTER_OTLP_HEADERS": "api-key=12ab34cd,tenant=me"}) == {
        "api-key=12ab34cd,tenant=me",
        "12ab34cd",
    }


def test_a_value_of_bytes_that_are_no_text_is_hidden_as_well() -> None:
    value = b"secret\xff\xfebytes".decode("utf-8", "surrogateescape")
    assert (
        Secrets({value}).redact(f"x {value} {value.encode('utf-8', 'surrogateescape')!r}") == f"x {HIDDEN} b'{HIDDEN}'"
    )
