"""What tasks say when they are asked from beside the lock."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.deploy.swarm import questions
from slipway.deploy.swarm.lock import Lock
from slipway.deploy.swarm.questions import Answer

# Answers as wget does: /silent is waited for until everybody else was asked.
WGET = """#!/bin/sh
for last; do :; done
case $last in
  */silent) until [ -e "$ASKED/last" ]; do sleep 0.01; done; echo 'wget: download timed out' >&2; exit 1 ;;
  */last) : >"$ASKED/last" ;;
  */bad) echo '  HTTP/1.1 502 Bad Gateway' >&2; echo partly >"$BODY"; exit 8 ;;
esac
while [ $# -gt 1 ]; do
  case $1 in --header) echo "  $2" >&2 ;; -O) body=$2 ;; esac
  shift
done
printf 'metric{a="1"} 2\\nother 3\\nmetric{of="%s"} 4' "$last" >"$body"
"""


class Here(Lock):
    """A lock beside which commands run on this machine."""

    def exec_command(self, *command: str, options: Sequence[str] = ()) -> list[str]:
        """Return the command, with another folder for what is kept in memory."""
        return [one.replace("/dev/shm", self.container) for one in command]


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lock:
    """Give a lock beside which wget makes its answers up."""
    program = tmp_path / "wget"
    program.write_text(WGET)
    program.chmod(0o755)
    monkeypatch.setenv("ASKED", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    kept = tmp_path / "kept"
    kept.mkdir()
    return Here("lock", str(kept))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a shell."""
    return Shell(tmp_path, Steps())


def test_all_are_asked_at_once_and_each_answer_is_its_own(lock: Lock, shell: Shell) -> None:
    urls = [f"http://10.0.0.1/{name}" for name in ("silent", "a", "bad", "last")]
    silent, a, bad, last = questions.ask(shell, lock, urls, {"X-Of": "it's me"}, "^metric")
    assert (silent.good, silent.head, silent.body) == (False, "wget: download timed out", "")
    assert a == Answer(True, "  X-Of: it's me", 'metric{a="1"} 2\nmetric{of="http://10.0.0.1/a"} 4')
    assert (bad.good, "502" in bad.head, bad.body) == (False, True, "")
    assert last.body.endswith('metric{of="http://10.0.0.1/last"} 4')
    assert not list(Path(lock.container).iterdir())
    assert questions.ask(shell, lock, urls[1:2]) == [Answer(True)]  # its body is kept nowhere


def test_more_than_are_asked_at_once_are_all_asked(lock: Lock, shell: Shell) -> None:
    urls = [f"http://10.0.0.1/{number}" for number in range(questions.AT_ONCE + 3)]
    found = questions.told(shell, lock, urls)
    assert [one.body.splitlines()[-1] for one in found] == [f'metric{{of="{url}"}} 4' for url in urls]
    assert questions.told(shell, lock, []) == []


def test_what_the_engine_says_instead_is_the_head_of_each(shell: Shell, tmp_path: Path) -> None:
    class Gone(Here):
        def exec_command(self, *command: str, options: Sequence[str] = ()) -> list[str]:
            return ["sh", "-c", f"echo once >>{tmp_path}/calls; echo No such container >&2; exit 1"]

    found = questions.ask(shell, Gone("lock", "container"), ["http://a/", "http://b/"])
    assert found == [Answer(head="No such container\n")] * 2
    assert (tmp_path / "calls").read_text() == "once\n" * 2
