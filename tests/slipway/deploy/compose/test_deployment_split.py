"""What the proxy may not read is taken away from where earlier versions have put it, wherever one is killed."""

import signal
import stat
from pathlib import Path

import pytest

from slipway.deploy import ledger
from slipway.deploy.compose.files import DEFINITION, FOLDER, LEDGER, LEDGER_FOLDER, SALT, text
from tests.slipway.deploy.compose.support import files, script, two_folders
from tests.slipway.deploy.support import entry

BEFORE = {
    "live": "web-b", "Caddyfile": "{}", "releases.jsonl": entry("a").line() + entry("b").line(), "salt": "s",
    "proxy.json": "{1}", "salt.new": "s",
}  # fmt: skip
MINE = ("1", "0.1.0")  # the format, and who writes
PROXYS = {"live": "web-b", "Caddyfile": "{}", "format": "1 0.1.0\n"}
AFTER = PROXYS | {f"ledger/{name}": BEFORE[name] for name in ("releases.jsonl", "salt", "proxy.json")}
COMMANDS = ("chmod", "touch", "tail", "cmp", "cat", "mv", "ls", "sync", "rm")


def killed_at(number: int) -> str:
    """Return what kills a script before the command of that number; those of a pipeline are one."""
    count = f"at=0\nstep() {{ [ $at -ne {number} ] || kill -9 $$; at=$((at + 1)); }}\n"
    return count + "".join(f'{name}() {{ step; command {name} "$@"; }}\n' for name in COMMANDS)


def of_before(folder: Path, given: dict[str, str] | None = None) -> Path:
    """Make the files of a deployment of an earlier version."""
    made = two_folders(folder)
    for name, content in (given or BEFORE).items():
        (made / name).write_text(content)
    return made


def seen(folder: Path) -> list[object]:
    """Return what is read without the lock: the ledger's entries, the salt, the proxy's definition, who is live."""
    there = {f"{FOLDER}/{path.name}": path.read_bytes() for path in folder.iterdir()}
    there |= {f"{LEDGER_FOLDER}/{path.name}": path.read_bytes() for path in (folder / "../ledger").iterdir()}
    lines, *others = (text(there, name) for name in (LEDGER, SALT, DEFINITION, "live"))
    return [ledger.parse(lines), *others]


def test_what_earlier_versions_had_in_one_place_is_split(tmp_path: Path) -> None:
    folder = of_before(tmp_path)
    for _ in range(2):
        assert script(folder, "split", *MINE).returncode == 0
        assert files(folder) == AFTER
    modes = [stat.S_IMODE((folder / name).stat().st_mode) for name in ("../ledger", SALT, DEFINITION)]
    assert modes == [0o700, 0o600, 0o600]


@pytest.mark.parametrize("begun_anew", [False, True], ids=["all", "what an older checkout has begun anew"])
def test_one_who_is_killed_at_any_command_loses_nothing(tmp_path: Path, begun_anew: bool) -> None:
    later = {**BEFORE, "releases.jsonl": entry("c").line(), "salt": "t"}
    killed = 0
    while True:
        folder = of_before(tmp_path / str(killed))
        if begun_anew:
            script(folder, "split", *MINE)
            for name, content in later.items():
                (folder / name).write_text(content)
        expected = seen(folder)
        ended = script(folder, "split", *MINE, before=killed_at(killed)).returncode
        assert seen(folder) == expected, killed
        if not ended:
            break
        assert ended == -signal.SIGKILL
        assert script(folder, "split", *MINE).returncode == 0
        killed += 1
        own = {f"ledger/{name}": later[name] for name in ("salt", "proxy.json")}
        lines = BEFORE["releases.jsonl"] + later["releases.jsonl"]
        assert files(folder) == (AFTER | own | {"ledger/releases.jsonl": lines} if begun_anew else AFTER), killed
    assert killed > len(COMMANDS)


def test_lines_that_were_cut_off_stay_lines_of_their_own(tmp_path: Path) -> None:
    folder = of_before(tmp_path, {"releases.jsonl": "3\n4"})
    (folder / LEDGER).write_text("1\n2")
    assert script(folder, "split", *MINE).returncode == 0
    assert script(folder, "record", given="5\n").returncode == 0
    assert files(folder) == {"ledger/releases.jsonl": "1\n2\n3\n4\n5\n", "format": "1 0.1.0\n"}


@pytest.mark.parametrize("name", ["releases.jsonl", "salt", "proxy.json"])
@pytest.mark.parametrize("fails", ["cat", "mv", "sync"])
def test_what_cannot_be_copied_stays_where_it_is(tmp_path: Path, name: str, fails: str) -> None:
    folder = of_before(tmp_path, {name: "1\n"})
    assert script(folder, "split", *MINE, before=f"{fails}() {{ return 1; }}\n").returncode != 0
    assert files(folder)[name] == "1\n"


def test_a_new_deployment_has_nothing_to_be_split(tmp_path: Path) -> None:
    folder = of_before(tmp_path, PROXYS)
    assert script(folder, "split", *MINE, before="sync() { return 1; }\n").returncode == 0
    assert files(folder) == PROXYS
