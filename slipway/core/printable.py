"""Text that a terminal only shows: what engines, registries and programs say may hold what makes it do something."""

import re

# Colours are dropped. C0, DEL, C1 (of 8 bits as well), line separators, and what turns the direction of writing
# (https://www.unicode.org/reports/tr9/, https://trojansource.codes); lone surrogates cannot be written at all.
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What programs draw with, on the way to a terminal: colours, moves of the cursor, parts erased, the cursor hidden.
# Nothing that a terminal answers to, as if the answer were typed; no mouse, no titles, no clipboard.
DRAWN = re.compile(
    r"\x1b\[[0-9;:]*[A-HJ-MPSTXdfmsu]|\x1b\[\?(1|7|12|25|2004|2026)[hl]|\x1b[78=>]|\x1b\(B|[\a\b\r]"
    f"|(?P<other>{CONTROL.pattern})"
)  # fmt: skip
UPWARDS = re.compile(r"\x1b\[[0-9]*A")  # what follows is drawn over what stands there
UNFINISHED = re.compile(r"\x1b(\(|\[[0-?]*[ -/]*)?\Z")


def plain(text: str) -> str:
    """Return a text of lines with every character visible that a terminal would obey; colours are left out."""
    return CONTROL.sub(_visible, COLOUR.sub("", text).replace("\r\n", "\n"))


def line(text: str) -> str:
    """Return a text that is a line: an end of line and a tab are made visible as well."""
    return plain(text).replace("\n", r"\n").replace("\t", r"\t")


def drawn(text: str) -> str:
    """Return what a program prints on its way to a terminal: it may colour and draw, and nothing else."""
    return DRAWN.sub(lambda match: match[0] if match["other"] is None else _visible(match), text)


def settled(text: str) -> str:
    """Return what was drawn as lines: what a line was last, and where lines were drawn over, each of them once."""
    bare = DRAWN.sub(lambda match: match[0] if match["other"] or match[0] in "\r" else "", text)
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in bare.split("\n")]
    return plain("\n".join(dict.fromkeys(lines) if UPWARDS.search(text) else lines))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
