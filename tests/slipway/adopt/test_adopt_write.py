"""All files are written, or none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.adopt.changes import Change, diff, redacted, write
from slipway.adopt.findings import Refused
from tests.slipway.adopt.support import put


def test_what_was_written_is_taken_back_when_one_fails(tmp_path: Path) -> None:
    put(tmp_path, {"a": "old", "blocked": "a file"})
    changes = [
        Change("a", b"old", b"new"), Change("x/y/b", None, b"new"), Change("blocked/c", None, b"new"),
    ]  # fmt: skip

    with pytest.raises(Refused, match=r"^blocked/c could not be written: .* Nothing was changed\.$"):
        write(tmp_path, changes)
    assert (tmp_path / "a").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "blocked"]


def test_who_interrupts_finds_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"a": "old"})
    monkeypatch.setattr(Path, "chmod", interrupted_at("s"))

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, [Change("a", b"old", b"new"), Change("s", None, b"", 0o600)])
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def interrupted_at(name: str) -> Callable[[Path, int], None]:
    """Return a chmod that is interrupted at a file."""

    def chmod(path: Path, mode: int) -> None:
        if path.name.startswith(f"{name}."):
            raise KeyboardInterrupt
        os.chmod(path, mode)  # noqa: PTH101  (Path's own is this)

    return chmod


def test_what_somebody_else_has_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    put(tmp_path, {"a": "theirs"})

    with pytest.raises(Refused, match="somebody else has changed it meanwhile"):
        write(tmp_path, [Change("b", None, b"new"), Change("a", b"old", b"new")])
    assert (tmp_path / "a").read_text() == "theirs"
    assert not (tmp_path / "b").exists()


def test_modes_stay_and_new_files_have_theirs(tmp_path: Path) -> None:
    put(tmp_path, {"env": "A=1"})
    (tmp_path / "env").chmod(0o640)
    write(tmp_path, [Change("env", b"A=1", b"A=2"), Change("inv", None, b"#!", 0o755), Change("s", None, b"", 0o600)])

    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("env", "inv", "s")] == [0o640, 0o755, 0o600]


def test_a_link_stays_one(tmp_path: Path) -> None:
    put(tmp_path, {"real": "old"})
    (tmp_path / "link").symlink_to("real")
    write(tmp_path, [Change("link", b"old", b"new")])

    assert (tmp_path / "link").readlink() == Path("real")
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("+SECRET_KEY=abc", "+SECRET_KEY=[secret]"),
        (' DB_PASSWORD = "abc"', " DB_PASSWORD = [secret]"),
        ("-export TOKEN=abc", "-export TOKEN=[secret]"),
        (" # API_KEY=abc", " # API_KEY=[secret]"),
        (" URL=postgresql://a:b@c/d", " URL=[secret]"),
        ("+TITLE=abc", "+TITLE=abc"),
        ("+SECRET_KEY = 32", "+SECRET_KEY = 32"),
        ("+SECRET_KEY=", "+SECRET_KEY="),
    ],
    ids=range(8),
)
def test_values_of_secrets_are_left_out(line: str, shown: str) -> None:
    assert redacted(line) == shown


def test_what_is_no_text_is_shown_by_its_size() -> None:
    assert diff(Change("vendor/x.whl", None, b"PK\0" * 1000)) == ["+++ vendor/x.whl  (3 kB)"]
    assert diff(Change("x", b"\xe9\n", b"\xe9\nb\n")) == ["--- x", "+++ x", "@@ -1 +1,2 @@", " é", "+b"]


def test_a_secret_that_a_script_gives_the_tests_is_not_shown() -> None:
    after = b'secrets-as = "environment"\nSECRET_KEY = 32\nPASSWORD = "abc"\nURL = "x://{user}:{password}@y"\n'
    shown = diff(Change("pyproject.toml", None, after))

    assert shown[3:5] == ['+secrets-as = "environment"', "+SECRET_KEY = 32"]
    assert shown[5:] == ["+PASSWORD = [secret]", '+URL = "x://{user}:{password}@y"']
