"""What has changed for users between two versions: what is new to this project, and how much of it is shown."""

from pathlib import Path

import pytest

from slipway.template.changes import read
from slipway.upgrade.news import FILE, MOST, between, shown, text
from slipway.upgrade.run import Upgrade, Wanted, prepare
from tests.slipway.upgrade.support import project, shell, wheel
from tests.support import ROOT

LOG = """\
# Changelog

An introduction.

## 1.2.0 (not released yet)

### Security

- Closed a hole.

### Fixed

- Mended this
  and that.

## [1.1.0] - 2026-01-02

### Added

- A verb.

## 1.0.0

- The first.
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("1.0.0", "1.2.0", ["- Closed a hole.", "- Mended this\n  and that.", "- A verb."]),
        ("1.1.0", "1.2.0", ["- Closed a hole.", "- Mended this\n  and that."]),
        ("1.0.0", "1.1.0", ["- A verb."]),
        ("0.9.0", "1.0.0", ["- The first."]),
        ("1.2.0", "1.2.0", []),
        ("1.2.0", "1.0.0", []),
    ],
)
def test_what_lies_between(old: str, new: str, found: list[str]) -> None:
    assert [one.text for one in between(LOG, old, new)] == found


def test_what_the_version_before_had_already_is_not_new() -> None:
    before = LOG.replace("- Mended this\n  and that.\n", "")
    assert [one.text for one in between(LOG, "1.2.0", "1.2.0", before)] == ["- Mended this\n  and that."]
    assert between(LOG, "1.1.0", "1.2.0", LOG.replace("this\n  and", "this and")) == []


def test_few_changes_are_shown_as_they_stand() -> None:
    wanted = LOG[LOG.index("## 1.2.0") : LOG.index("\n## 1.0.0")].strip()
    assert "\n".join(shown(between(LOG, "1.0.0", "1.2.0"))) == wanted.replace("2026-01-02\n\n", "2026-01-02\n\n")
    assert text(between(LOG, "1.0.0", "1.2.0")) == wanted


def test_of_many_those_come_first_that_ask_something_of_users() -> None:
    many = "".join(f"- Mended {number}.\n" for number in range(20))
    log = f"## 1.1.0\n\n### Added\n\n- A verb.\n\n### Changed\n\n- It is otherwise.\n\n### Fixed\n\n{many}"
    lines = shown(between(log, "1.0.0", "1.1.0"))
    assert lines[:8] == ["## 1.1.0", "", "### Added", "", "- A verb.", "", "### Changed", ""]
    assert sum(line.startswith("- ") for line in lines) == MOST
    assert lines[-1] == f"... and 10 more (10 fixed): all of them are in {FILE}"


def test_all_are_in_a_file_then(tmp_path: Path) -> None:
    log = "## 1.1.0\n\n### Fixed\n\n" + "".join(f"- Mended {number}.\n" for number in range(20))
    old = wheel(tmp_path, "1.0.0", {"a.txt": b"one\n"})
    new = wheel(tmp_path, "1.1.0", {"a.txt": b"two\n"}, log)
    root = project(tmp_path / "shop", old, {"a.txt": b"one\n"})
    found = prepare(root, Wanted(wheel=new), shell(root), tmp_path / "made")
    assert isinstance(found, Upgrade)
    found.keep_news()
    assert (root / FILE).read_text() == log
    assert len(found.lines()) < 30


def test_slipways_own_changelog_is_short_to_read() -> None:
    assert len(shown(between(read(ROOT), "0.0.0", "99.0.0"))) < 50
