"""What versions of Slipway say to each other of the files that they write."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from slipway import __version__
from slipway.template import changes, own, protocol, render
from slipway.template.protocol import VERSION, File, Kind, Made

FILES = {
    "inv": File(b"#!/bin/sh\n", Kind.EXECUTABLE),
    "app/logo.png": File(b"\x89PNG\0\xff"),
    "latest": File(b"app", Kind.LINK),
}


def make(made_by: Sequence[str], source: str) -> Made:
    if made_by[0] != "new":
        raise ValueError(f"{made_by[0]} is not known")
    return Made("0.2.0", FILES, f"# {' '.join(made_by)}\n{source}\n", "## 0.2.0\n")


def test_what_was_made_is_read_as_it_is() -> None:
    said = protocol.answer(protocol.asked(["new", "shop"], "-e ."), make)
    assert protocol.read(said) == Made("0.2.0", FILES, "# new shop\n-e .\n", "## 0.2.0\n")


def test_what_cannot_be_made_is_the_answer() -> None:
    with pytest.raises(ValueError, match="build is not known"):
        protocol.read(protocol.answer(protocol.asked(["build"], ""), make))


@pytest.mark.parametrize("request_", ["", "[]", "{}", '{"protocol": 1}', '{"protocol": 1, "made-by": 3, "source": ""}'])
def test_what_is_no_request_is_answered(request_: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        protocol.read(protocol.answer(request_, make))


def test_newer_protocols_are_refused_on_both_sides() -> None:
    newer = json.dumps({"protocol": VERSION + 1, "made-by": ["new"], "source": ""})
    with pytest.raises(ValueError, match=f"was asked in {VERSION + 1}"):
        protocol.read(protocol.answer(newer, make))
    with pytest.raises(ValueError, match=f"answers in version {VERSION + 1}"):
        protocol.read(json.dumps({"protocol": VERSION + 1}))


def test_a_field_that_is_not_known_is_ignored() -> None:
    said = json.loads(protocol.answer(protocol.asked(["new"], ""), make)) | {"colour": "red"}
    assert protocol.read(json.dumps(said)).version == "0.2.0"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ".git/config", ".slipway/x", "", "a\\b"])
def test_nothing_is_written_outside_the_project(path: str) -> None:
    said = protocol.answer(protocol.asked(["new"], ""), lambda *_: Made("1.0.0", {path: File(b"")}))
    with pytest.raises(ValueError, match="it would write"):
        protocol.read(said)


@pytest.mark.parametrize("text", ["", "[]", "nothing", '{"protocol": 1}', '{"protocol": "1"}'])
def test_what_is_no_answer_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        protocol.read(text)


BEGIN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('slipway.template', run_name='__main__')"
)


def answered(wheel_file: Path, *words: str) -> Made:
    """Return what a wheel answers that another version asks, with the standard library alone."""
    command = [sys.executable, "-I", "-S", "-c", BEGIN, str(wheel_file)]
    given = protocol.asked(words, "./vendor/a.whl --hash=sha256:00")
    asked = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=60)
    return protocol.read(asked.stdout)


@pytest.mark.parametrize("empty", [False, True], ids=["posts", "empty"])
def test_a_wheel_says_what_new_writes(wheel_file: Path, empty: bool) -> None:
    words = ["new", "shop", *(["--empty"] if empty else [])]
    said = answered(wheel_file, *words)

    assert {path: one.content for path, one in said.files.items()} == render.render("shop", empty=empty)
    assert said.files["inv"].kind is Kind.EXECUTABLE
    assert said.version == __version__
    assert said.lock == own.text("./vendor/a.whl --hash=sha256:00", own.shipped(), words)
    assert said.changelog == changes.shipped()


def test_a_wheel_that_does_not_know_the_words_says_so(wheel_file: Path) -> None:
    with pytest.raises(ValueError, match="does not know `slipway newer shop`"):
        answered(wheel_file, "newer", "shop")
    assert not answered(wheel_file).files
