"""As whom PostgreSQL runs, which refuses root: as nobody, wherever that can be."""

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.runtime.installations import Binaries

NOBODY = "nobody"
LIMIT = 60  # seconds
REACHABLE = Script("slipway.runtime", "reachable.sh")
AS_ROOT = "it runs as root in a user namespace here: what its superuser may, reads root's files"
ANYWHERE = "it runs as nobody who may enter closed folders here: what its superuser may, reads root's files"


def nobody() -> pwd.struct_passwd:
    """Return the user as whom root runs PostgreSQL."""
    return pwd.getpwnam(NOBODY)


def environ() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: the caller's PGPORT, PGDATA, ... mean another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


@dataclass(frozen=True)
class Identity:
    """How to run a program that refuses root: a prefix of its command line, or as `user`.

    The files are `owner`'s; "" is the caller. `remark` is what the caller has to know of it.
    """

    prefix: tuple[str, ...] = ()
    user: str = ""
    owner: str = ""
    remark: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The options of subprocess that make it so."""
        if not self.user:
            return {}
        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def reaches(self, program: str, folder: Path) -> bool:
        """Tell whether the program can be run so, and gets to the folder."""
        look = ["sh", "-c", '[ -d "$1" ] && "$2" --version', "sh", str(folder), program]
        with contextlib.suppress(OSError, subprocess.SubprocessError, KeyError):  # there may be no such user
            done = subprocess.run(
                [*self.prefix, *look], env=environ(), check=False, capture_output=True, timeout=LIMIT, **self.options
            )
            return done.returncode == 0
        return False

    def own(self, top: Path) -> None:
        """Give a folder, and all that is in it, to whom it runs as; raises Problem."""
        if os.geteuid() != 0:
            return
        entry = pwd.getpwnam(self.owner) if self.owner else None
        uid, gid = (entry.pw_uid, entry.pw_gid) if entry else (os.geteuid(), os.getegid())
        if top.stat().st_uid == uid:  # it gets the folder last
            return
        try:
            for path in _within(top):  # a link in it may lead anywhere
                os.chown(path, uid, gid, follow_symlinks=False)
        except PermissionError:
            raise Problem(f"{_refuses(top)} root may not give files away here.") from None


def identity(binaries: Binaries, folder: Path) -> Identity:
    """Return as whom PostgreSQL's programs are run on a folder, which is there; raises Problem.

    For root that is nobody, if need be in a mount namespace, in which what nobody needs of a closed folder can be
    reached. A container is refused that: there nobody may enter all folders. Where nobody cannot be had, PostgreSQL
    takes itself for another user in a user namespace, and root's files for its own.
    """
    if os.geteuid() != 0:
        return Identity()
    program, folder = binaries["postgres"], folder.resolve()
    ways = [Identity(user=NOBODY, owner=NOBODY)]
    if shutil.which("unshare"):
        needed = [folder, *binaries.needed]
        if closed := closed_folders(needed):
            ways.append(Identity(prefix=_reachable_command(needed, closed), owner=NOBODY))
    if shutil.which("setpriv"):
        ways.append(Identity(prefix=_entering_command(), owner=NOBODY, remark=ANYWHERE))
    ways += [Identity(prefix=other, remark=AS_ROOT) for other in _in_user_namespace()]
    for way in ways:
        if way.reaches(program, folder):
            return way
    raise Problem(
        f"{_refuses(folder)} nobody cannot get there. Run this as an ordinary user, or move the project to a folder "
        "that everybody may enter."
    )


def maker() -> Identity:
    """Return as whom an ordinary user makes PostgreSQL's data; raises Problem.

    initdb refuses who has no name: in a user namespace, where one can be had, it takes itself for somebody who has one.
    """
    uid = os.geteuid()
    with contextlib.suppress(KeyError):
        pwd.getpwuid(uid)
        return Identity()
    for prefix in _in_user_namespace():
        if Identity(prefix=prefix).reaches("true", Path("/")):
            return Identity(prefix=prefix)
    raise Problem(
        f"PostgreSQL's initdb refuses a user without a name, and {uid} has none in /etc/passwd. Give it one, as root "
        f"(echo 'dev:x:{uid}:{os.getegid()}::/tmp:/bin/sh' >> /etc/passwd; with Docker: docker run --volume "
        "/etc/passwd:/etc/passwd:ro, where that has one), or name a database elsewhere in .env."
    )


def closed_folders(paths: list[Path]) -> list[Path]:
    """Return the outermost folders on the way to these that others than their owner may not enter."""
    found: list[Path] = []
    for path in paths:
        closed = next((one for one in reversed(path.parents) if not one.stat().st_mode & 0o001), None)
        if closed and not any(one == closed or one in closed.parents for one in found):
            found = [one for one in found if closed not in one.parents] + [closed]
    return found


def _reachable_command(needed: list[Path], closed: list[Path]) -> tuple[str, ...]:
    entry = nobody()
    given = (str(entry.pw_uid), str(entry.pw_gid), *map(str, needed), "--", *map(str, closed), "--")
    return ("unshare", "--mount", "sh", "-c", REACHABLE, "sh", *given)


def _entering_command() -> tuple[str, ...]:
    # What root in a container may, given to nobody. Without that bit, access(2) would not know of it.
    entry, entering = nobody(), "+dac_override"
    user = ("--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups")
    may = ("--securebits", "+no_setuid_fixup", "--inh-caps", entering, "--ambient-caps", entering)
    return ("setpriv", *user, *may, "--")


def _in_user_namespace() -> list[tuple[str, ...]]:
    # As somebody who has a name, as initdb wants it.
    other = next((entry for entry in pwd.getpwall() if entry.pw_uid), None)
    if not other or not shutil.which("unshare"):
        return []
    return [("unshare", "--user", f"--map-user={other.pw_uid}", f"--map-group={other.pw_gid}")]


def _within(top: Path) -> Iterator[Path]:
    for folder, _, files in os.walk(top, topdown=False):
        yield from (Path(folder, file) for file in files)
        yield Path(folder)


def _refuses(folder: Path) -> str:
    return f"PostgreSQL refuses to run as root, and its data in {folder} cannot be another user's:"
