"""One-offs that a verb which was killed has left."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

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
