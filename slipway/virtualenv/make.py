"""Make a virtual environment from its lock file, bring it up to date, or leave one that serves alone.

With the standard library alone: nothing is installed yet, Poetry neither. pip gets each locked package with its hashes;
uv does where it can be had.
"""

import contextlib
import fcntl
import filecmp
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.core import given
from slipway.project.lockfile import Lockfile, Unusable, canonical
from slipway.virtualenv import editable, install, judge, mark, markers, packages, progress
from slipway.virtualenv import python as pythons
from slipway.virtualenv.install import Failed, Installer
from slipway.virtualenv.mark import Mark
from slipway.virtualenv.python import Python
from slipway.virtualenv.venv import OWN, Refused, Venv

SHOWN = 5  # packages that a message names
FEW = 12  # packages that pip installs while uv would be fetched
POINTER = (
    "slipway.pth"  # leads to Slipway's source, where that lies in the project: as seen from itself, if it is moved
)


def make(venv: Venv, base: Path, asked: str = "", failed: str = "") -> None:
    """Make a virtual environment with the Python `base`, bring it up to date, or leave it alone.

    `asked` is what PYTHON says, `failed` why it could not be used. One that cannot serve is made anew; one that
    somebody else has made serves when it has what the lock file asks for. Raises Refused with what to do next, and
    OSError for a folder that cannot be written.
    """
    if not (venv.root / venv.lock).exists():
        raise Refused(f"there is no {venv.lock} to make {venv.folder} from: {venv.relock}")
    try:
        try:
            with _alone(venv.root):
                if not _is_done(venv, asked, failed):  # another call may have made it while this one waited
                    try:
                        _make(venv, venv.read(), base, asked, failed)
                    finally:
                        given.give(venv.path, venv.root)
        except OSError:
            if failed or not _look(venv, venv.read(), base, asked).serves:  # a folder that cannot be written
                raise
    except (Unusable, markers.Unreadable) as error:
        raise Refused(f"{venv.lock} cannot be read here ({error}): {venv.relock}") from None
    except Failed as error:
        raise Refused(f"{venv.folder} could not be made: {error}") from None


def serves(venv: Venv, base: Path) -> bool:
    """Tell whether one that is there has what its lock file asks for; raises Refused."""
    try:
        return _look(venv, venv.read(), base, "").serves
    except (Unusable, markers.Unreadable) as error:
        raise Refused(f"{venv.lock} cannot be read here ({error}): {venv.relock}") from None


@dataclass(frozen=True)
class _Look:
    # What it is: its Python, why that cannot serve, and what of the lock file it lacks, or has had and has no more.
    mine: Python  # that would make it
    python: Python | None
    why: str
    missing: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)  # of those that are missing: another file of that version

    @property
    def serves(self) -> bool:
        return bool(self.python) and not (self.why or self.missing or self.left)


def _look(venv: Venv, lock: Lockfile, base: Path, asked: str) -> _Look:
    note, mine = Mark.read(venv), pythons.ask(base)
    verdict = judge.judge(venv, note, asked, mine)
    if not verdict.python or verdict.why:
        return _Look(mine, verdict.python, verdict.why)
    where, sites = verdict.python.where, verdict.python.sites
    wanted, there = packages.needed(lock, venv.groups, where), packages.installed(sites)
    files = packages.archives(lock, venv.groups, where)
    stale = packages.replaced(files, note.files, packages.unpacked(sites)).intersection(there)
    missing = packages.lacking(wanted, there | dict.fromkeys(stale, ""))
    left = sorted((note.packages & there.keys()) - wanted.keys() - packages.KEPT)
    return _Look(mine, verdict.python, "", missing, left, stale)


def _is_done(venv: Venv, asked: str, failed: str) -> bool:
    note = Mark.read(venv)
    # What is closed to this user is not there, as it is for the launcher.
    there = all(os.access(one, os.F_OK) for one in (note.library, venv.python))
    known = asked in ("", note.asked) and not failed
    same = venv.copy.exists() and filecmp.cmp(venv.root / venv.lock, venv.copy, shallow=False)
    return there and known and same


def _make(venv: Venv, lock: Lockfile, base: Path, asked: str, failed: str) -> None:
    note, found = Mark.read(venv), _look(venv, lock, base, asked)
    asked = asked or note.asked
    python, why = found.python, found.why
    if python and not why:
        if found.missing or found.left:
            _update(venv, python, lock, asked, found)
        elif failed:
            why = failed
        else:
            _finish(venv, lock, asked, python, note.packages & packages.needed(lock, venv.groups, python.where).keys())
    if why or not python:
        _make_anew(venv, lock, base, asked, why, found.mine)


def _make_anew(venv: Venv, lock: Lockfile, base: Path, asked: str, why: str, mine: Python) -> None:
    lines, builders = _lines(venv, lock, ""), editable.builders(lock, venv.groups)
    config = install.configured()
    offline = install.offline(config)
    editable.need_index(builders, offline)
    if why:
        others = _others(venv, lock, Mark.read(venv))
        _say(f"{venv.folder} {why}: making it anew{f' ({others} is for you to install again)' if others else ''}")
        _clear(venv)
    wanted = packages.needed(lock, venv.groups, mine.where)
    with _timed(venv, f"making {venv.folder} from {venv.lock}, {len(wanted)} packages"):
        install.create(venv.path, base)
        made = pythons.ask(venv.python)
        mark.begin(venv, asked, made, wanted, anew=True)
        installer = Installer(venv, made.sites, len(wanted), config, offline)
        installer.install(lines, wanted, fetch=len(wanted) > FEW)
        installer.give_pip()
        editable.install(installer, lock, venv.groups, wanted, builders)
        installer.compile_all()
        _finish(venv, lock, asked, made, wanted)


def _update(venv: Venv, python: Python, lock: Lockfile, asked: str, found: _Look) -> None:
    missing, left = found.missing, found.left
    ours = Mark.read(venv).packages
    lines, builders = [], []
    if missing:
        lacks = f"; {venv.folder} lacks {_few(missing)}"
        lines, builders = _lines(venv, lock, lacks), editable.builders(lock, venv.groups)
    told = [f"installing {_few(missing)}"] * bool(missing) + [f"removing {_few(left)}"] * bool(left)
    config = install.configured() if missing else {}
    offline = install.offline(config)
    editable.need_index(builders, offline)
    total = len(packages.needed(lock, venv.groups, python.where))
    installer = Installer(venv, python.sites, total, config, offline)
    with _timed(venv, f"bringing {venv.folder} in line with {venv.lock}: {', '.join(told)}"):
        mark.begin(venv, asked, python, ours | set(missing), anew=False)
        if missing:
            for folder in packages.unfinished(python.sites):
                shutil.rmtree(folder)
            if found.stale:  # pip goes by the version alone
                installer.remove(sorted(found.stale))
            installer.install(lines, missing, fetch=False)
            editable.install(installer, lock, venv.groups, missing, builders)
        if left:
            installer.remove(left)
        installer.compile_all()
        _finish(venv, lock, asked, python, (ours | set(missing)) - set(left))


def _finish(venv: Venv, lock: Lockfile, asked: str, python: Python, ours: Iterable[str]) -> None:
    with contextlib.suppress(OSError):  # of a checkout that cannot be written: it is looked at each time
        if venv.folder == OWN:
            _point(lock, python.sites[0])
            venv.note_extras()
        mark.finish(venv, asked, python, ours, packages.archives(lock, venv.groups, python.where))


def _point(lock: Lockfile, site: Path) -> None:
    pointer = site / POINTER
    if lock.source:
        pointer.write_text(f"{os.path.relpath(lock.path.parent / lock.source, site)}\n", encoding="utf-8")
    else:
        pointer.unlink(missing_ok=True)


def _lines(venv: Venv, lock: Lockfile, lacks: str) -> list[str]:
    try:
        lines = lock.requirements(*venv.groups)
    except Unusable as error:
        how = venv.relock if venv.folder == OWN else lock.instead(venv.folder)
        raise Refused(f"{venv.lock} cannot be used here ({error}){lacks}: {how}") from None
    if altered := lock.altered(*venv.groups):
        raise Refused(altered)
    return lines


def _others(venv: Venv, lock: Lockfile, note: Mark) -> str:
    # What was installed by hand: nothing of it can be kept, and nobody else knows of it.
    there = packages.installed(judge.sites_of(venv.path)).keys()
    return _few(sorted(there - {canonical(one.name) for one in lock.packages} - note.packages - packages.KEPT))


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _clear(venv: Venv) -> None:
    try:
        install.clear(venv.path)
    except PermissionError as error:
        raise Refused(
            f"{venv.folder} could not be removed ({error}): sudo rm -r {venv.path}; then ./inv again"
        ) from None


def _say(text: str) -> None:
    print(f"inv: {text}", file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def _timed(venv: Venv, text: str) -> Iterator[None]:
    began = time.monotonic()
    _say(text)
    yield
    _say(f"{venv.folder} is ready ({time.monotonic() - began:.1f} s)")


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    # The kernel drops this lock with its process, however that ends, and with what that has started: an installer may
    # outlive it.
    state = root / ".slipway"
    state.mkdir(exist_ok=True)
    with (state / "bootstrap.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for one in (state, Path(file.name)):
            given.give(one, root, within=False)
        progress.HELD[:] = [file.fileno()]
        try:
            yield
        finally:
            progress.HELD.clear()
