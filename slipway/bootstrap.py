"""Make `.venv` from poetry.lock, with the standard library alone.

Run by the launcher `inv` under the system's Python: nothing is installed yet, Poetry neither, so that what is
imported needs the standard library alone. pip gets each locked package with its hashes, as `poetry export` would
write them; uv does where it can be had.
"""

import contextlib
import fcntl
import filecmp
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.core import disk, output
from slipway.project.lockfile import INSTALL, LOCK, NAME, Lockfile, Unusable, canonical
from slipway.virtualenv import editable, install, judge, mark, markers, packages, progress
from slipway.virtualenv import python as pythons
from slipway.virtualenv.install import Installer
from slipway.virtualenv.mark import Mark
from slipway.virtualenv.python import Python

SHOWN = 5  # packages that a message names
STOPPED = "stopped; run ./inv again"


def make_venv(root: Path, asked: str = "", failed: str = "") -> None:
    """Make `root/.venv` from `root/poetry.lock`, bring it up to date, or leave one that serves alone.

    `asked` is what PYTHON says, `failed` why .venv could not be used. A .venv that cannot serve is made anew; one that
    somebody else has made serves when it has what the lock file asks for. Raises SystemExit with what to do next.
    """
    venv = root / ".venv"
    if not (root / NAME).exists():
        raise SystemExit(f"inv: there is no {NAME} to make .venv from: {LOCK}")
    try:
        try:
            with _alone(root):
                if not _is_done(root, venv, asked, failed):  # another call may have made it while this one waited
                    _make(root, venv, Lockfile.read(root), asked, failed)
        except OSError:
            if failed or not _look(root, venv, Lockfile.read(root), asked).serves:  # a folder that cannot be written
                raise
    except (Unusable, markers.Unreadable) as error:
        raise SystemExit(f"inv: {NAME} cannot be read here ({error}): {LOCK}") from None
    except judge.NotOurs as error:
        raise SystemExit(f"inv: {error}") from None
    except install.Failed as error:
        raise SystemExit(f"inv: .venv could not be made: {error}") from None


@dataclass(frozen=True)
class _Look:
    # What .venv is: its Python, why that cannot serve, and what of the lock file it lacks, or has had and has no more.
    mine: Python  # that would make it
    python: Python | None
    why: str
    missing: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)  # of those that are missing: another file of that version

    @property
    def serves(self) -> bool:
        return bool(self.python) and not (self.why or self.missing or self.left)


def _look(root: Path, venv: Path, lock: Lockfile, asked: str) -> _Look:
    note, mine = Mark.read(venv), pythons.ask(Path(install.base()))
    verdict = judge.judge(venv, note, pythons.wanted(root), asked, mine)
    if not verdict.python or verdict.why:
        return _Look(mine, verdict.python, verdict.why)
    where, sites = verdict.python.where, verdict.python.sites
    wanted, there = packages.needed(lock, where), packages.installed(sites)
    stale = packages.replaced(packages.archives(lock, where), note.files, packages.unpacked(sites)).intersection(there)
    missing = packages.lacking(wanted, there | dict.fromkeys(stale, ""))
    left = sorted((note.packages & there.keys()) - wanted.keys() - packages.KEPT)
    return _Look(mine, verdict.python, "", missing, left, stale)


def _is_done(root: Path, venv: Path, asked: str, failed: str) -> bool:
    note, copy = Mark.read(venv), venv / NAME
    known = bool(note.library) and Path(note.library).exists() and asked in ("", note.asked) and not failed
    return known and (venv / "bin/python").exists() and copy.exists() and filecmp.cmp(root / NAME, copy, shallow=False)


def _make(root: Path, venv: Path, lock: Lockfile, asked: str, failed: str) -> None:
    note, found = Mark.read(venv), _look(root, venv, lock, asked)
    asked = asked or note.asked
    python, why = found.python, found.why
    if python and not why:
        if found.missing or found.left:
            _update(root, venv, python, lock, asked, found)
        elif failed:
            why = failed
        else:
            wanted, files = packages.needed(lock, python.where), packages.archives(lock, python.where)
            with contextlib.suppress(OSError):  # of a checkout that cannot be written: it is looked at each time
                mark.finish(root, venv, asked, python, note.packages & wanted.keys(), files)
    if why or not python:
        lines, builders = _lines(lock, ""), editable.builders(lock)
        config = install.configured()
        offline = install.offline(config)
        editable.need_index(builders, offline)
        if why:
            others = _others(venv, lock, note)
            _say(f".venv {why}: making it anew{f' ({others} is for you to install again)' if others else ''}")
            _clear(venv)
        wanted = packages.needed(lock, found.mine.where)
        with _timed(f"making .venv from {NAME}, {len(wanted)} packages"):
            install.create(venv)
            made = pythons.ask(venv / "bin" / "python")
            mark.begin(venv, asked, made, wanted, anew=True)
            installer = Installer(venv / "bin" / "python", made.sites, len(wanted), config, offline)
            installer.install(lines, lock, wanted, fetch=True)
            installer.give_pip()
            editable.install(installer, lock, wanted, builders)
            installer.compile_all(venv)
            mark.finish(root, venv, asked, made, wanted, packages.archives(lock, made.where))


def _update(root: Path, venv: Path, python: Python, lock: Lockfile, asked: str, found: _Look) -> None:
    missing, left = found.missing, found.left
    ours = Mark.read(venv).packages
    lines, builders = (_lines(lock, f"; .venv lacks {_few(missing)}"), editable.builders(lock)) if missing else ([], [])
    told = [f"installing {_few(missing)}"] * bool(missing) + [f"removing {_few(left)}"] * bool(left)
    total, config = len(packages.needed(lock, python.where)), install.configured() if missing else {}
    offline = install.offline(config)
    editable.need_index(builders, offline)
    installer = Installer(venv / "bin" / "python", python.sites, total, config, offline)
    with _timed(f".venv is not what {NAME} asks for: {', '.join(told)}"):
        mark.begin(venv, asked, python, ours | set(missing), anew=False)
        if missing:
            for folder in packages.unfinished(python.sites):
                shutil.rmtree(folder)
            if found.stale:  # pip goes by the version alone
                installer.remove(sorted(found.stale))
            installer.install(lines, lock, missing, fetch=False)
            editable.install(installer, lock, missing, builders)
        if left:
            installer.remove(left)
        installer.compile_all(venv)
        mark.finish(root, venv, asked, python, (ours | set(missing)) - set(left), packages.archives(lock, python.where))


def _lines(lock: Lockfile, lacks: str) -> list[str]:
    try:
        lines = lock.requirements(*packages.GROUPS)
    except Unusable as error:
        raise SystemExit(f"inv: {NAME} cannot be used here ({error}){lacks}: make .venv with `{INSTALL}`") from None
    if altered := lock.altered(*packages.GROUPS):
        raise SystemExit(f"inv: {altered}")
    return lines


def _others(venv: Path, lock: Lockfile, note: Mark) -> str:
    # What was installed by hand: nothing of it can be kept, and nobody else knows of it.
    there = packages.installed(judge.sites_of(venv)).keys()
    return _few(sorted(there - {canonical(one.name) for one in lock.packages} - note.packages - packages.KEPT))


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _clear(venv: Path) -> None:
    try:
        install.clear(venv)
    except PermissionError as error:
        raise SystemExit(f"inv: .venv could not be removed ({error}): sudo rm -r {venv}; then ./inv again") from None


def _say(text: str) -> None:
    print(f"inv: {text}", file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def _timed(text: str) -> Iterator[None]:
    began = time.monotonic()
    _say(text)
    yield
    _say(f".venv is ready ({time.monotonic() - began:.1f} s)")


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    # The kernel drops this lock with its process, however that ends, and with what that has started: an installer may
    # outlive it.
    state = root / ".slipway"
    state.mkdir(exist_ok=True)
    with (state / "bootstrap.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        progress.HELD[:] = [file.fileno()]
        try:
            yield
        finally:
            progress.HELD.clear()


@contextlib.contextmanager
def _without_python_path() -> Iterator[None]:
    # pip takes what lies in its folders for installed, and leaves it out.
    named = os.environ.pop("PYTHONPATH", "")
    theirs = {os.path.abspath(one) for one in named.split(os.pathsep)} if named else set()  # noqa: PTH100
    sys.path[:] = [one for one in sys.path if one not in theirs]
    yield
    os.environ |= {"PYTHONPATH": named} if named else {}


def _interrupt(signum: int, _frame: object) -> None:
    _say(STOPPED)
    raise SystemExit(128 + signum)  # the installer, if it runs, is ended on the way


def main(root: Path, arguments: Iterable[str]) -> None:
    """Make `.venv`, and let Invoke take this process over."""
    output.keep()
    for number in (signal.SIGTERM, signal.SIGHUP):  # which is ignored under nohup
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        with _without_python_path():
            make_venv(root, os.environ.get("PYTHON", ""), os.environ.get("SLIPWAY_VENV_FAILED", ""))
        python = str(root / ".venv" / "bin" / "python")
        os.execv(python, [python, "-X", "utf8", "-P", str(root / "slipway/virtualenv/start.py"), str(root), *arguments])  # noqa: S606
    except OSError as problem:
        raise SystemExit(f"inv: .venv could not be made: {disk.explained(problem, root) or problem}") from None
    except KeyboardInterrupt:
        raise SystemExit(f"inv: {STOPPED}") from None
