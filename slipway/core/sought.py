"""Many words that are looked for at once, most of which begin alike."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import takewhile


def either(words: Iterable[str]) -> str:
    """Return the regular expression of any of these words, the longest that stands at a place.

    What several begin with is in it once: a long list of words is no slower to look for than one.
    """
    return _branches(sorted({*words} - {""}))


def _branches(words: Sequence[str]) -> str:
    # Of sorted words, those that begin with the same character stand side by side.
    found, at = [], 0
    while at < len(words):
        end = at + 1
        while end < len(words) and words[end][0] == words[at][0]:
            end += 1
        found.append(_alike(words[at:end]))
        at = end
    return "|".join(found)


def _alike(words: Sequence[str]) -> str:
    pairs = zip(words[0], words[-1], strict=False)
    head = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    rest = [word[len(head) :] for word in words]
    if not any(rest):
        return re.escape(head)
    return f"{re.escape(head)}(?:{_branches([one for one in rest if one])}){'' if rest[0] else '?'}"


class Beginnings:
    """What words begin with."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(words)
        self.first = {word[:1] for word in self.words}
        self.longest = max(map(len, self.words), default=0)

    def at_end(self, text: str) -> int:
        """Return how many characters of a word's beginning a text ends with, and not the whole word; the most."""
        for at in range(max(0, len(text) - self.longest + 1), len(text)):
            if text[at] in self.first and self._begins(text[at:]):
                return len(text) - at
        return 0

    def _begins(self, head: str) -> bool:
        at = bisect_left(self.words, head)
        at += at < len(self.words) and self.words[at] == head
        return at < len(self.words) and self.words[at].startswith(head)
