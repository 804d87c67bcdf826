"""One-offs that a verb which was killed has left."""

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from slipway.core.limits import Late, Limit
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine import jobs

BY = {
    "gone": f"{socket.gethostname()}/999999999",
    "here": f"{socket.gethostname()}/{os.getpid()}",
    "elsewhere": "another-machine/999999999",
}


class OneContainer(Shell):
    """An engine with one container; `given` tells whether that has its secrets, "" when nobody can tell."""

    def __init__(self, root: Path, line: str, given: str) -> None:
        super().__init__(root, Steps())
        self.line, self.given = line, given
        self.removed = False

    def output(self, argv: Sequence[str], **_: Any) -> str:
        """List it."""
        assert argv[:2] == ["docker", "ps"]
        return self.line.strip()

    def probe(self, argv: Sequence[str], **_: Any) -> tuple[int, str, str]:
        """Look into it, or remove it."""
        self.removed |= argv[1] == "rm"
        return (0, self.given, "") if argv[1] == "exec" and self.given else (1, "", "")


@pytest.mark.parametrize(
    ("state", "by", "holds", "waits", "given", "removed"),
    [
        ("exited", "gone", "", "", "", True),
        ("created", "gone", "", "/run/secrets", "", True),
        ("running", "gone", "", "", "", False),  # it goes on with what it was told
        ("running", "gone", "1", "", "", True),
        ("running", "gone", "", "/run/secrets", "none", True),
        ("running", "gone", "", "/run/secrets", "given", False),
        ("running", "gone", "", "/run/secrets", "", False),
        ("exited", "here", "", "", "", False),
        ("running", "here", "", "/run/secrets", "none", False),
        ("exited", "elsewhere", "", "", "", False),
    ],
)
def test_what_does_nothing_any_more_is_removed_once_its_verb_is_gone(
    tmp_path: Path, state: str, by: str, holds: str, waits: str, given: str, removed: bool
) -> None:
    shell = OneContainer(tmp_path, "\t".join(["shop-migrate-1", state, BY[by], holds, waits]), given)
    jobs.remove_left_behind(shell, "shop")
    assert shell.removed is removed


@pytest.mark.parametrize(("state", "removed"), [("exited", False), ("running", False), ("created", True)])
def test_one_in_the_background_does_without_its_verb_once_it_was_started(
    tmp_path: Path, state: str, removed: bool
) -> None:
    shell = OneContainer(tmp_path, "\t".join(["shop-run-1", state, BY["gone"], "", "", "run-1"]), "")
    jobs.remove_left_behind(shell, "shop")
    assert shell.removed is removed


class Followed(Shell):
    """An engine whose client doesn't notice that a job has ended: `docker logs --follow`, and `docker wait`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, Steps())
        self.waited: list[str] = []

    def answer(self, argv: Sequence[str], *, limit: Limit | None = None, **_: Any) -> tuple[int, str]:
        """Start it, or follow it without an end."""
        if "--follow" not in argv:
            return 0, "shop-job"
        return self._hang(argv, limit), ""

    def output(self, argv: Sequence[str], *, limit: Limit | None = None, **_: Any) -> str:
        """Print its log, or wait for it without an end."""
        if argv[1] == "wait":
            return str(self._hang(argv, limit))
        return "all of it" if argv[1] == "logs" else ""

    def probe(self, argv: Sequence[str], **_: Any) -> tuple[int, str, str]:
        """Look at it: it has ended with status 3."""
        state = {"Running": False, "ExitCode": 3}
        return 0, json.dumps([{"Id": "x", "State": state}]) if argv[1] == "inspect" else "", ""

    def _hang(self, argv: Sequence[str], limit: Limit | None) -> int:
        assert limit
        assert limit.going
        assert not limit.going()
        self.waited.append(argv[1])
        raise Late("docker did not answer.")


def compose(*args: Any) -> list[str]:
    """Return a command line of Compose's."""
    return ["docker", "compose", "--project-name", "shop", *args]


def test_a_job_that_has_ended_is_not_waited_for_because_its_client_hangs(tmp_path: Path) -> None:
    shell = Followed(tmp_path)
    ran = jobs.run(shell, compose, jobs.OneOff("migrate", ["true"], "job"))
    assert shell.waited == ["logs", "wait"]
    assert (ran.status, ran.output) == (3, "all of it")


def test_a_job_whose_time_is_over_is_stopped_and_what_it_printed_is_kept(tmp_path: Path) -> None:
    done: list[str] = []

    class AtWork(Followed):
        def probe(self, argv: Sequence[str], **_: Any) -> tuple[int, str, str]:
            """Look at it: it runs until it is stopped."""
            done.append(argv[1])
            state = {"Running": done.count("inspect") > 1 and "stop" not in done}
            return 0, json.dumps([{"Id": "x", "State": state}]) if argv[1] == "inspect" else "", ""

        def _hang(self, argv: Sequence[str], limit: Limit | None) -> int:
            assert limit
            assert limit.seconds == 600
            raise Late("docker did not answer.")

    ran = jobs.run(AtWork(tmp_path), compose, jobs.OneOff("migrate", ["true"], "job", seconds=600))
    assert (ran.status, ran.output) == (jobs.LATE, "all of it")
    assert done.index("stop") < done.index("rm")
