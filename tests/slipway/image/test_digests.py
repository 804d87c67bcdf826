"""The images of the Compose files: found, asked for, and raised in the text itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine.compose import files
from slipway.image import digests
from slipway.image.digests import Named
from slipway.project.checkout import Checkout
from slipway.project.config import Project, load
from tests.slipway.engine.support import Answers
from tests.support import ROOT

A, B = (f"sha256:{digit * 64}" for digit in "ab")
TEXT = f"""\
# image: of:comments
x-image: &of-an-extension not:this
services:
  web:
    image: ${{IMAGE:-slipway:dev}}  # by a variable
    build: .
  db: # the database
    image:   "postgres:17@{A}"   # pinned
  one: {{image: localhost:5000/team/one:1, init: true}}
  other: {{command: sh, image: 'r.example.com/x/y@{A}'}}
  mixed:
    image: shop:${{TAG}}
  proxy:
    image: caddy:2
"""
ONE = Named("postgres:17", "compose.yaml", A, B)
BARE = Named("caddy:2", "compose.prod.yaml", "", B)


def test_images_are_found_in_lines_and_in_braces_and_not_where_a_variable_names_them() -> None:
    assert digests.named(TEXT) == [
        Named("postgres:17", "", A),
        Named("localhost:5000/team/one:1", ""),
        Named("r.example.com/x/y", "", A),
        Named("caddy:2", ""),
    ]


def test_digests_are_raised_and_nothing_else_is_changed() -> None:
    raised = digests.raised(TEXT, {("postgres:17", A): B, ("caddy:2", ""): B, ("r.example.com/x/y", ""): B})
    assert raised == TEXT.replace(f"17@{A}", f"17@{B}").replace("caddy:2", f"caddy:2@{B}")
    windows = TEXT.replace("\n", "\r\n")
    assert digests.raised(windows, {("caddy:2", ""): B}) == windows.replace("caddy:2", f"caddy:2@{B}")
    assert digests.raised(TEXT, {}) == TEXT


def test_all_compose_files_of_this_project_are_read() -> None:
    assert [one.file for one in digests.read(load(ROOT))] == ["compose.yaml", "compose.prod.yaml"]  # database and proxy
    assert set(files()) >= {path.name for path in ROOT.glob("compose*.yaml")}


def test_those_that_have_a_digest_get_the_one_of_now_and_others_when_told() -> None:
    found = [ONE, BARE, Named("built:here", "compose.yaml")]
    assert digests.pinned(found, add=False) == [replace(ONE, digest=B), *found[1:]]
    assert digests.pinned(found, add=True) == [replace(ONE, digest=B), replace(BARE, digest=B), found[2]]
    assert digests.changes(found, digests.pinned(found, add=True)) == [
        f"postgres:17 {A} -> {B} in compose.yaml",
        f"caddy:2 - -> {B} in compose.prod.yaml",
    ]


def test_what_cannot_be_told_is_told() -> None:
    deaf = replace(ONE, now="", untold="no route\nThe registry cannot be asked.")
    with pytest.raises(Problem) as raised:
        digests.pinned([deaf], add=False)
    assert raised.value.message == (
        "no route\nThe registry cannot be asked.\nWhat postgres:17 in compose.yaml means now cannot be told. Nothing "
        "was changed. Once it can: ./inv pins --update"
    )
    with pytest.raises(Problem, match=r"docker\.io has no postgres:17, as compose\.yaml names it\. Nothing was"):
        digests.pinned([replace(ONE, now="")], add=False)
    bare = replace(BARE, now="", untold="no route")
    assert digests.pinned([bare], add=False) == [bare]
    with pytest.raises(Problem):
        digests.pinned([bare], add=True)


def test_files_are_written_in_one_step_and_keep_their_modes(tmp_path: Path) -> None:
    file, link = tmp_path / "of.yaml", tmp_path / "compose.yaml"
    file.write_text(TEXT)
    file.chmod(0o640)
    link.symlink_to(file)
    found = digests.read(Project(tmp_path, "shop", "1"))
    asked = [replace(one, now=B if one.digest else "") for one in found]
    assert digests.write(tmp_path, asked, digests.pinned(asked, add=False)) == ["compose.yaml"]
    assert file.read_text() == TEXT.replace(A, B)
    assert (file.stat().st_mode & 0o777, link.is_symlink()) == (0o640, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compose.yaml", "of.yaml"]
    assert digests.write(tmp_path, asked, asked) == []


def ask(*found: Named, answers: tuple[str, ...], said: str = "") -> tuple[list[Named], list[str]]:
    """Ask a registry that answers so; return the images, and what was asked for."""
    shell = Answers(*answers, said=said)
    asked = digests.ask(Checkout(load(ROOT), shell), found)
    return asked, [command[4] for command in shell.asked]


def test_a_tag_is_asked_for_once_and_without_its_digest() -> None:
    again = replace(ONE, file="compose.test.yaml", digest="", now="")
    found, asked = ask(replace(ONE, now=""), again, answers=(f'{{"digest": "{B}"}}',))
    assert asked == ["postgres:17"]
    assert found == [ONE, replace(again, now=B)]
    assert ask(answers=()) == ([], [])


def test_a_registry_that_cannot_be_asked_is_asked_once() -> None:
    other = Named("localhost:5000/x:1", "compose.yaml")
    found, asked = ask(replace(ONE, now=""), BARE, other, answers=("", f'{{"digest": "{B}"}}'), said="no such host")
    assert asked == ["postgres:17", "localhost:5000/x:1"]
    assert [bool(one.untold) for one in found] == [True, True, False]
    assert digests.untold(found) == [
        "The registry docker.io cannot be asked. Is it up? If it wants a login: docker login docker.io"
    ]


def test_a_line_says_what_is_pinned_and_what_the_registry_has() -> None:
    none = Named("built:here", "compose.yaml")
    assert digests.rows([ONE, replace(ONE, now=A), BARE, none, replace(none, untold="no route")]) == [
        f"postgres:17 in compose.yaml: {A}; docker.io has {B} by now: ./inv pins --update",
        f"postgres:17 in compose.yaml: {A}, as docker.io has it now",
        f"caddy:2 in compose.prod.yaml: a tag alone; docker.io has {B} now",
        "built:here in compose.yaml: a tag alone; docker.io has no such image",
        "built:here in compose.yaml: a tag alone",
    ]
