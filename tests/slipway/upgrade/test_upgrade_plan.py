"""What becomes of each file, of what Slipway had, what it has and what the project has."""

import pytest

from slipway.template.protocol import File, Kind
from slipway.upgrade.plan import Change, Fate, decide, is_marked

A, B, C = File(b"one\n"), File(b"two\n"), File(b"three\n")
X = Kind.EXECUTABLE


def unmerged(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, bool]:
    raise AssertionError("nothing is to be merged")


def joined(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, bool]:
    return b"|".join((ours, base, theirs)), True


def one(old: File | None, new: File | None, mine: File | None) -> Change | None:
    base, theirs, ours = ({"a": file} if file else {} for file in (old, new, mine))
    changes = decide(base, theirs, ours, joined)
    return changes[0] if changes else None


@pytest.mark.parametrize(
    ("old", "new", "mine", "expected"),
    [
        pytest.param(A, A, A, None, id="nobody"),
        pytest.param(A, A, B, None, id="the user alone"),
        pytest.param(A, A, None, None, id="the user has deleted it"),
        pytest.param(A, B, B, None, id="both alike"),
        pytest.param(None, B, B, None, id="added by both alike"),
        pytest.param(A, None, None, None, id="removed by both"),
        pytest.param(None, None, B, None, id="the user's own"),
        pytest.param(A, B, A, Change("a", Fate.REPLACED, B), id="Slipway alone"),
        pytest.param(None, B, None, Change("a", Fate.ADDED, B), id="new"),
        pytest.param(A, None, A, Change("a", Fate.REMOVED), id="removed"),
        pytest.param(A, B, C, Change("a", Fate.MERGED, File(b"three\n|one\n|two\n")), id="both"),
        pytest.param(A, None, C, Change("a", Fate.KEPT, None, "Slipway has it no more"), id="removed and changed"),
        pytest.param(A, B, None, Change("a", Fate.GONE, None, "Slipway's has changed"), id="deleted and changed"),
    ],
)
def test_a_file(old: File | None, new: File | None, mine: File | None, expected: Change | None) -> None:
    assert one(old, new, mine) == expected


def test_a_new_file_never_takes_the_place_of_another_one() -> None:
    change = one(None, B, C)
    assert change
    assert (change.fate, change.file) == (Fate.BESIDE, B)


@pytest.mark.parametrize(
    ("old", "new", "mine", "expected"),
    [
        pytest.param(A, File(b"one\n", X), A, File(b"one\n", X), id="it may be run now"),
        pytest.param(A, File(b"one\n", X), B, File(b"two\n", X), id="it may be run now, and the user has changed it"),
        pytest.param(File(b"one\n", X), File(b"two\n", X), A, B, id="the user has taken that away"),
        pytest.param(A, B, File(b"one\n", X), File(b"two\n", X), id="the user has given it that"),
        pytest.param(A, File(b"two\n", X), C, File(b"three\n|one\n|two\n", X), id="with a merge"),
    ],
)
def test_modes_are_merged_beside_the_content(old: File, new: File, mine: File, expected: File) -> None:
    change = one(old, new, mine)
    assert change
    assert change.file == expected


def test_a_mode_that_only_the_user_has_changed_stays() -> None:
    assert one(A, A, File(b"one\n", X)) is None
    assert one(A, File(b"one\n", X), File(b"two\n", X)) is None


LINK, FOLDER = File(b"b", Kind.LINK), File(b"", Kind.OTHER)


@pytest.mark.parametrize(
    ("old", "new", "mine", "fate"),
    [
        pytest.param(LINK, File(b"c", Kind.LINK), LINK, Fate.REPLACED, id="a link that leads elsewhere"),
        pytest.param(A, B, LINK, Fate.BESIDE, id="the user's link"),
        pytest.param(A, LINK, B, Fate.BESIDE, id="Slipway's link"),
        pytest.param(A, B, FOLDER, Fate.BESIDE, id="the user's folder"),
        pytest.param(None, B, FOLDER, Fate.BESIDE, id="the user's folder, and new in Slipway"),
        pytest.param(A, None, FOLDER, Fate.KEPT, id="the user's folder, and gone from Slipway"),
    ],
)
def test_links_and_folders_are_not_merged(old: File | None, new: File | None, mine: File, fate: Fate) -> None:
    base, theirs, ours = ({"a": file} if file else {} for file in (old, new, mine))
    assert [change.fate for change in decide(base, theirs, ours, unmerged)] == [fate]


def test_what_cannot_be_merged_is_written_beside() -> None:
    found = decide({"a": A}, {"a": B}, {"a": C}, lambda *_: None)
    assert [(one.fate, one.file) for one in found] == [(Fate.BESIDE, B)]


def lines(*numbers: int) -> bytes:
    return b"".join(b"line %d\n\n" % number for number in numbers)


@pytest.mark.parametrize(("kept", "fate"), [(5, Fate.MERGED), (4, Fate.BESIDE), (0, Fate.BESIDE)])
def test_what_the_user_has_written_anew_is_not_merged(kept: int, fate: Fate) -> None:
    mine = lines(*range(kept), *range(100, 130))
    change = one(File(lines(*range(10))), File(lines(*range(11))), File(mine))
    assert change
    assert change.fate is fate
    assert one(File(lines(*range(9))), File(lines(*range(11))), File(mine)).fate is Fate.MERGED  # type: ignore[union-attr]


def test_a_conflict_is_told() -> None:
    found = decide({"a": A}, {"a": B}, {"a": C}, lambda *_: (b"<<<<<<< yours\n", False))
    assert [one.fate for one in found] == [Fate.CONFLICT]


DOS, DOS_NEW = File(b"one\r\ntwo\r\n"), File(b"one\r\ntwo\r\nthree\r\n")
UNIX, UNIX_NEW = File(b"one\ntwo\n"), File(b"one\ntwo\nthree\n")


def test_line_ends_of_windows_are_no_change() -> None:
    assert one(UNIX, UNIX, DOS) is None
    assert one(UNIX, UNIX_NEW, DOS_NEW) is None
    assert one(UNIX, UNIX_NEW, DOS) == Change("a", Fate.REPLACED, DOS_NEW)
    assert one(UNIX, None, DOS) == Change("a", Fate.REMOVED)


def test_a_merge_keeps_the_line_ends_of_windows() -> None:
    change = one(UNIX, UNIX_NEW, File(b"one\r\n"))
    assert change
    assert change.file == File(b"one\r\n|one\r\ntwo\r\n|one\r\ntwo\r\nthree\r\n")


def test_mixed_line_ends_are_merged_as_they_are() -> None:
    change = one(UNIX, UNIX_NEW, File(b"one\r\nxxx\n"))
    assert change
    assert change.file == File(b"one\r\nxxx\n|one\ntwo\n|one\ntwo\nthree\n")


def test_without_a_base_nothing_of_the_project_is_touched() -> None:
    found = decide(None, {"a": A, "b": B, "c": C}, {"a": A, "b": C}, merge=unmerged)
    assert found == [Change("b", Fate.BESIDE, B, "it is another one"), Change("c", Fate.BESIDE, C, "you don't have it")]


def pyproject(dependency: str, more: str = "") -> File:
    return File(f'[project]\nname = "shop"\ndependencies = ["{dependency}"]\n{more}'.encode())


OLD, NEW = pyproject("fastapi>=1"), pyproject("fastapi>=2")
MINE = pyproject("fastapi>=1", "[tool.mine]\n")
NAMES = ("pyproject.toml", "poetry.lock")


def lock_of(new: File, mine: File, lock: File) -> Change | None:
    each = ((OLD, A), (new, B), (mine, lock))
    base, theirs, ours = (dict(zip(NAMES, files, strict=True)) for files in each)
    return next((one for one in decide(base, theirs, ours, joined) if one.path == "poetry.lock"), None)


def test_a_lock_that_is_slipways_whole_is_replaced() -> None:
    assert lock_of(NEW, OLD, A) == Change("poetry.lock", Fate.REPLACED, B)


@pytest.mark.parametrize("lock", [A, C], ids=["as it was", "another"])
def test_a_lock_of_another_project_is_never_merged(lock: File) -> None:
    change = lock_of(NEW, MINE, lock)
    assert change
    assert (change.fate, change.file, change.resolves) == (Fate.KEPT, None, True)
    assert "poetry lock" in change.why


def test_a_lock_is_not_made_anew_for_what_it_does_not_hold() -> None:
    change = lock_of(pyproject("fastapi>=1", "[tool.theirs]\n"), MINE, C)
    assert change
    assert not change.resolves


def test_a_lock_that_was_deleted_stays_so() -> None:
    found = decide({"poetry.lock": A}, {"poetry.lock": B}, {}, merge=unmerged)
    assert [one.fate for one in found] == [Fate.GONE]


def test_markers_are_those_that_git_leaves() -> None:
    marked = b"a\n<<<<<<< yours\nb\n=======\nc\n>>>>>>> Slipway 0.3.0\n"
    assert is_marked(marked)
    assert is_marked(marked.replace(b"\n", b"\r\n"))
    assert not is_marked(b"Title\n=======\n")
    assert not is_marked(b"  <<<<<<< yours\n=======\n  >>>>>>> theirs\n")
