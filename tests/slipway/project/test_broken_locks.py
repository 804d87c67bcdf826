"""Lock files that are broken somewhere: said in a sentence, whatever it is."""

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Unusable
from tests.support import ROOT

LOCKS = ROOT / "tests/slipway/project/locks"
TOML = ("uv/uv.lock", "conflicts/uv.lock", "pylock/pylock.toml", "poetry/poetry.lock", "poetry-before/poetry.lock")
FILES = (*TOML, "uv/all.txt")
VALUES = ("1", '""', "[]", "{}", "true", '"("', "[1]", '["x"]', "{ x = 1 }", "[[1]]", "1979-05-27", "inf")


def broken(text: str) -> Iterator[str]:
    """Yield a text with faults, each at another place."""
    chance = random.Random(text)
    lines = text.splitlines()
    for _ in range(120):
        changed = list(lines)
        place = chance.randrange(len(lines))
        key, equals, _ = changed[place].partition("=")
        match chance.randrange(5):
            case 0:
                del changed[place]
            case 1:
                changed[place] = changed[place][: chance.randrange(len(changed[place]) + 1)]
            case 2 if equals:
                changed[place] = f"{key}= {chance.choice(VALUES)}"
            case 3:
                changed = changed[: place + 1]
            case _:
                changed[place] = changed[place].replace(chance.choice("abeimns=\"'[]{}"), chance.choice("x=(\"' "), 1)
        yield "\n".join(changed)


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_read_or_said(tmp_path: Path, name: str) -> None:
    source = LOCKS / name
    for beside in ("pyproject.toml", "libs/ours/pyproject.toml"):
        if (source.parent / beside).exists():
            (tmp_path / beside).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / beside).write_bytes((source.parent / beside).read_bytes())
    refused = 0
    for text in broken(source.read_text()):
        (tmp_path / source.name).write_text(text)
        try:
            lock = Lockfile.at(tmp_path / source.name)
            lock.requirements(*lock.groups)
        except Unusable as error:
            assert str(error)
            refused += 1
    assert 10 < refused < 119


@pytest.mark.parametrize("name", FILES)
def test_a_broken_project_is_said_as_well(tmp_path: Path, name: str) -> None:
    source = LOCKS / name
    (tmp_path / source.name).write_bytes(source.read_bytes())
    for text in (
        "[",
        "tool = 1",
        "[tool]\nuv = 1\npoetry = 1",
        "[tool.uv]\ndefault-groups = 1",
        "[project]\ndependencies = [1]",
    ):
        (tmp_path / "pyproject.toml").write_text(text)
        try:
            Lockfile.at(tmp_path / source.name)
        except Unusable as error:
            assert str(error)


@pytest.mark.parametrize("name", ["uv/uv.lock", "poetry/poetry.lock", "poetry-before/poetry.lock"])
def test_of_two_files_the_broken_one_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / Path(name).name).write_bytes((LOCKS / name).read_bytes())
    (tmp_path / "pyproject.toml").write_text("[")
    with pytest.raises(Unusable, match=r"pyproject\.toml is not valid TOML: "):
        Lockfile.at(tmp_path / Path(name).name)


def test_what_is_nested_too_deeply_is_said(tmp_path: Path) -> None:
    marker = "(" * 3000 + "os_name == 'x'" + ")" * 3000
    (tmp_path / "slipway.lock").write_text(f"one==1 ; {marker} --hash=sha256:{'a' * 64}\n")
    with pytest.raises(Unusable):
        Lockfile.at(tmp_path / "slipway.lock")
    (tmp_path / "uv.lock").write_text("version = " + "[" * 9000)
    with pytest.raises(Unusable):
        Lockfile.at(tmp_path / "uv.lock")


def test_the_recorded_files_are_whole() -> None:
    for name in TOML:
        assert tomllib.loads((LOCKS / name).read_text())
