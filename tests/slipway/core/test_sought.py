"""Many words that are looked for at once: the longest is found, and so is what one begins with."""

import random
import re

from slipway.core.sought import Beginnings, either


def test_the_longest_that_stands_there_is_found() -> None:
    words = ["a", "ab", "abcd", "abce", "b.", "b*"]
    pattern = re.compile(either(words))
    assert pattern.findall("abcd abce abc ab a b. b* b c") == ["abcd", "abce", "ab", "ab", "a", "b.", "b*"]
    assert either(["a+b"]) == re.escape("a+b")


def test_all_of_many_words_are_found() -> None:
    source = random.Random(7)
    words = {"".join(source.choices("ab'\\&(", k=source.randint(1, 9))) for _ in range(500)}
    pattern = re.compile(either(words))
    assert all(pattern.fullmatch(word) for word in words)
    others = {"".join(source.choices("ab'\\&(", k=10)) for _ in range(500)}
    assert not any(pattern.fullmatch(word) for word in others)


def test_a_beginning_is_not_the_whole_word() -> None:
    known = Beginnings(["hush-hush", "hush", "secret"])
    texts = {"x hush-h": 6, "hush": 4, "hush-hush": 4, "a sec": 3, "": 0, "nothing": 0}
    assert {text: known.at_end(text) for text in texts} == texts
    assert Beginnings([]).at_end("a") == 0
