"""What is done beside the deployment's files."""

import base64
import stat
import subprocess
from pathlib import Path

import pytest

from slipway.deploy.compose.files import DEFINITION, LEDGER, SCRIPT
from slipway.deploy.compose.notes import NOBODY, ROLLED_BACK
from tests.slipway.deploy.compose.support import files, script, two_folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder that the proxy reads; the ledger's is beside it."""
    return two_folders(tmp_path)


def test_who_renames_first_decides(folder: Path) -> None:
    assert script(folder, "switch", "web-a", "", given="1\n").returncode == 0
    assert files(folder) == {"live": "web-a", "ledger/releases.jsonl": "1\n"}
    assert script(folder, "back", "ann").returncode == NOBODY
    assert script(folder, "switch", "web-b", "web-a", given="2\n").returncode == 0
    assert files(folder) == {"live": "web-b", "previous": "web-a", "ledger/releases.jsonl": "1\n2\n"}

    back = script(folder, "back", "ann")
    assert (back.returncode, back.stdout) == (0, "web-a")
    assert files(folder) == {"live": "web-a", "flipped": "ann", "ledger/releases.jsonl": "1\n2\n"}
    assert script(folder, "seal").returncode == ROLLED_BACK
    script(folder, "clear")

    script(folder, "switch", "web-c", "web-a", given="3\n")
    assert script(folder, "seal").returncode == 0
    assert script(folder, "back", "ann").returncode == NOBODY
    assert files(folder) == {"live": "web-c", "ledger/releases.jsonl": "1\n2\n3\n"}


def test_a_private_file_is_for_its_owner_alone(folder: Path) -> None:
    assert script(folder, "hide", DEFINITION, given="{}").returncode == 0
    assert files(folder) == {"ledger/proxy.json": "{}"}
    assert stat.S_IMODE((folder / DEFINITION).stat().st_mode) == 0o600


def test_of_two_who_go_back_at_once_one_does_and_it_stays_noted(folder: Path) -> None:
    script(folder, "switch", "web-a", "", given="1\n")
    script(folder, "switch", "web-b", "web-a", given="2\n")
    # While the second writes its mark, the first renames; then the second finds nothing to rename.
    assert marking(folder, "mv previous live").returncode == NOBODY
    assert files(folder) == {"live": "web-a", "flipped": "bob", "ledger/releases.jsonl": "1\n2\n"}


def test_who_goes_back_too_late_leaves_no_mark(folder: Path) -> None:
    script(folder, "switch", "web-a", "", given="1\n")
    script(folder, "switch", "web-b", "web-a", given="2\n")
    assert marking(folder, "rm previous").returncode == NOBODY  # meanwhile the bake window ends
    assert files(folder) == {"live": "web-b", "ledger/releases.jsonl": "1\n2\n"}


def test_a_way_back_that_cannot_be_gone_is_not_taken_for_none(folder: Path) -> None:
    script(folder, "switch", "web-a", "", given="1\n")
    script(folder, "switch", "web-b", "web-a", given="2\n")
    (folder / "live").unlink()
    (folder / "live" / "previous").mkdir(parents=True)  # nothing can be renamed to it
    (folder / "live" / "previous" / "full").touch()
    assert script(folder, "back", "").returncode not in (0, NOBODY)


def marking(folder: Path, meanwhile: str) -> "subprocess.CompletedProcess[bytes]":
    """Go back, and let something happen while the mark is written."""
    put = f'put() {{ cat >"$1"; {meanwhile}; }}\n"$@"'
    text = SCRIPT.removesuffix('"$@"\n') + put
    return subprocess.run(["sh", "-ec", text, "sh", "back", "bob"], cwd=folder, capture_output=True, check=False)


def test_files_are_written_whole_and_read_whatever_is_in_them(folder: Path) -> None:
    (folder / "empty").touch()
    script(folder, "put", "Caddyfile.next", given="a\n\tb 'c' \"d\" $e\n\n")
    script(folder, "put", "Caddyfile", given="of before")
    assert script(folder, "rename", "Caddyfile.next", "Caddyfile").returncode == 0
    assert script(folder, "rename", "Caddyfile.next", "Caddyfile").returncode != 0
    said = script(folder, "get", "missing", "Caddyfile", "empty").stdout.split()
    assert [said[0], base64.b64decode(said[1][1:]).decode(), said[2]] == ["-", "a\n\tb 'c' \"d\" $e\n\n", "="]


def test_a_switch_that_was_given_up_cannot_come_late(folder: Path) -> None:
    script(folder, "switch", "web-a", "", given="1\n")
    assert script(folder, "fence", "web-b").returncode == 0
    assert script(folder, "switch", "web-b", "web-a", given="2\n").returncode != 0
    assert files(folder) == {"live": "web-a", "ledger/releases.jsonl": "1\n"}

    script(folder, "switch", "web-c", "web-a", given="3\n")
    assert script(folder, "fence", "web-c").returncode == 0  # it was made: to be gone back from
    assert files(folder)["live"] == "web-c"
    script(folder, "back", "")
    script(folder, "clear")
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []
    assert script(folder, "switch", "web-c", "web-a", given="4\n").returncode == 0


def test_a_line_that_was_cut_off_does_not_swallow_the_next(folder: Path) -> None:
    for line in ("1\n", "2", "3\n"):
        script(folder, "record", given=line)
    assert (folder / LEDGER).read_text() == "1\n2\n3\n"


def test_the_ledger_is_cut_when_it_is_twice_too_long(folder: Path) -> None:
    (folder / LEDGER).write_text("".join(f"{n}\n" for n in range(6)))
    script(folder, "trim", "3")
    assert (folder / LEDGER).read_text().count("\n") == 6
    script(folder, "record", given="6\n")
    script(folder, "trim", "3")
    assert (folder / LEDGER).read_text() == "4\n5\n6\n"


def test_secrets_are_one_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "OLD").write_text("a secret of before")
    user = str(folder.stat().st_uid)
    filled = script(folder, "fill", user, given="A YSAkIGIKYw==\nB Yg==\n.\n")
    assert filled.returncode == 0, filled.stderr
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {"A": 0o400, "B": 0o400}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o500
    assert (folder / "A").read_text() == "a $ b\nc"


@pytest.mark.parametrize(
    "given", ["", "\n", "A YSAkIGIKYw==\n", "A YSAkIGIKYw==\nB Y"], ids=["none", "empty", "some", "half"]
)
def test_secrets_that_did_not_come_whole_change_nothing(tmp_path: Path, given: str) -> None:
    (tmp_path / "OLD").write_text("a secret of before")
    pasted = script(tmp_path, "fill", str(tmp_path.stat().st_uid), given=given)
    assert pasted.returncode == 1
    assert pasted.stderr.startswith("No secrets came, or not all of them: nothing was changed. ")
    assert files(tmp_path) == {"OLD": "a secret of before"}
    assert stat.S_IMODE(tmp_path.stat().st_mode) & 0o200


def test_a_release_without_secrets_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "OLD").write_text("a secret of before")
    assert script(folder, "fill", str(folder.stat().st_uid), given=".\n").returncode == 0
    assert files(folder) == {}
