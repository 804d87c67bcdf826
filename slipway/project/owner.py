"""Whose the project's folder is: git refuses to read another user's.

The launcher imports this, with the standard library alone.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from slipway.core.caller import named

LIMIT = 10  # seconds that git has to answer
REFUSES = "dubious ownership"  # git's words, in English


def refused(root: Path) -> str:
    """Return that git refuses to read a project's folder for this user, and what to do; "" when it does not.

    Git decides: it knows who called sudo, and safe.directory. It is asked only where something is another user's.
    """
    me, owner = os.geteuid(), _other(root, os.geteuid())
    if owner is None or not shutil.which("git"):
        return ""
    done = None
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # whoever needs it will say what is wrong
        done = subprocess.run(
            ["git", "rev-parse", "--git-dir"], cwd=root, env={**os.environ, "LC_ALL": "C"}, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT,
        )  # fmt: skip
    return told(root, me, owner) if done and REFUSES in done.stderr else ""


def told(root: Path, me: int, owner: int) -> str:
    """Return what a user is told about a folder that is another one's."""
    mine, whose = named(me), named(owner)
    run = f"su {whose} -c './inv …'" if me == 0 else f"sudo -u {whose} ./inv …"
    as_owner = "" if whose.isdigit() else f"Run this as {whose}: {run}. "
    instead = f"To let {mine} use it (what it makes there is {mine}'s)"
    return (
        f"{root} is {whose}'s, and git refuses to read it for {mine}. {as_owner}{instead}: git config --global --add "
        f"safe.directory {root}"
    )


def _other(root: Path, me: int) -> int | None:
    for one in (root, root / ".git"):
        with contextlib.suppress(OSError):
            if (uid := one.stat().st_uid) != me:
                return uid
    return None
