"""As whom PostgreSQL runs, which refuses root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem


def environ() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: the caller's PGPORT, PGDATA, ... mean another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _status(argv: list[str], **options: Any) -> int:
    done = subprocess.run(argv, env=environ(), check=False, capture_output=True, **options)
    return int(done.returncode)


@dataclass(frozen=True)
class Identity:
    """How to run a program that refuses root: a prefix of its command line, or another user."""

    prefix: tuple[str, ...] = ()
    user: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The options of subprocess that make it so."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}

    def own(self, *tops: Path) -> None:
        """Give files to the user; raises Problem when they cannot be reached."""
        if self.user is None:
            return
        for top in tops:
            for path in (top, *top.rglob("*")):
                shutil.chown(path, self.user, self.options["group"])
            if _status(["test", "-w", str(top)], **self.options):
                raise Problem(
                    f"PostgreSQL refuses to run as root, and another user cannot reach {top}. Run this as an ordinary "
                    "user, or move the project to a folder that everybody may enter."
                )


def identity(program: str) -> Identity:
    """Return as whom a program of PostgreSQL is run.

    In a user namespace PostgreSQL takes itself for user 1000 and root's files for its own. Where namespaces are blocked
    (as in a container), it runs as nobody, who must be able to get here.
    """
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if os.geteuid() != 0:
        return Identity()
    if shutil.which("unshare") and not _status([*namespace, program, "--version"]):
        return Identity(prefix=namespace)
    return Identity(user="nobody")
