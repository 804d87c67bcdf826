"""What is written as YAML is read as it was, by a reader of YAML 1.1 as kubectl's is."""

from typing import Any

import pytest
import yaml as pyyaml  # type: ignore[import-untyped]

from slipway.export import yaml
from tests.support import random_values

TEXTS = [
    "", " ", "no", "Yes", "y", "off", "null", "~", "true", "1", "1.5", "0o17", "017", "1e3", "1:30", ".inf", "-", "- a",
    "a: b", "a:b", "a #b", "#a", "*", "&a", "!a", "%a", "@a", "`a", "{a}", "[a]", "a,b", "'a'", '"a"', "a\\b", "a\tb",
    "\ta", " a", "a ", "a\nb", "a\nb\n", "a\n\nb\n", "a\nb\n\n", "\na", " a\nb", "a\n  b", "a\nb ", "\n", "a\r\nb",
    "a\x00b", "a\x1bb\nc", "\x7f", "\x85", "a\u2028b", "\ufeffa", "a\n\ufeffb", "ä€漢", "😀", "=", "<<", "2026-11-28",
    "slipway:1.2.3@sha256:ab", "/run/secrets", "--", "---", "...", "a\n---\nb", "a:", "?", "|", ">", "$(A) $$",
]  # fmt: skip


@pytest.mark.parametrize("text", [*TEXTS, *random_values(200)])
def test_every_text_is_read_as_it_was(text: str) -> None:
    value = {"a": text, "b": [text, {"c": text, "d": [text]}], text or "e": {"f": text}}
    assert pyyaml.safe_load(yaml.dumped(value)) == value


@pytest.mark.parametrize("value", [None, True, False, 0, 7, {}, [], {"a": {"b": [{"c": {}}, []]}}])
def test_what_is_no_text_is_read_as_it_was(value: Any) -> None:
    assert pyyaml.safe_load(yaml.dumped({"a": value, "b": [value]})) == {"a": value, "b": [value]}


def test_a_script_is_shown_line_by_line() -> None:
    assert yaml.dumped({"args": ["sh", "-ec", "a b\n  c\n"]}) == 'args:\n- sh\n- "-ec"\n- |\n  a b\n    c\n'


def test_a_comment_is_broken_where_it_is_long_and_a_command_is_not() -> None:
    found = yaml.comment(f"- {'word ' * 30}\n  {'word ' * 30}end\nx\x85y")
    lines = found.splitlines()
    assert [line[:4] for line in lines] == ["# - ", "#   ", "#   ", "# x?"]
    assert max(map(len, lines[:2])) <= 112
    assert lines[2].endswith("end")
