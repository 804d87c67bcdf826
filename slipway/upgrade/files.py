"""The files of a project: looked at, and written all or none."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.signals import uninterrupted
from slipway.template.protocol import File, Kind

JOURNAL, CONFLICTS = "journal.json", "conflicts.txt"
BEFORE, THEIRS = "before", "slipway"
EJECTED = "ejected"  # in the place of a version
COMING = ".slipway-new"  # ends the name of what is about to take a file's place

Becomes = Mapping[str, File | None]  # what is at each path afterwards, None for nothing


def look(root: Path, paths: "Mapping[str, object] | set[str]") -> dict[str, File]:
    """Return what a project has at these paths; raises Problem for what cannot be read."""
    try:
        return {path: found for path in paths if (found := _at(root, path))}
    except OSError as error:
        raise Problem(f"{error.filename} cannot be read: {error.strerror}. Nothing was changed.") from None


def _at(root: Path, path: str) -> File | None:
    at = root / path
    if any(one.is_symlink() or (one.exists() and not one.is_dir()) for one in _above(root, at)):
        return File(b"", Kind.OTHER)  # what is written there would be written elsewhere
    if at.is_symlink():
        return File(os.fsencode(at.readlink()), Kind.LINK)
    if at.is_file():
        return File(at.read_bytes(), Kind.EXECUTABLE if at.stat().st_mode & 0o100 else Kind.FILE)
    return File(b"", Kind.OTHER) if at.exists() else None


def _above(root: Path, at: Path) -> list[Path]:
    return [one for one in at.parents if one != root and root in one.parents]


@dataclass(frozen=True)
class Backup:
    """What was in a project before it was written to, in a folder of its own; with a journal while that is done.

    The journal has the hash of what each path has, and of what it is to have, "" for nothing. It is the first and the
    last of all that is written: who is killed leaves it, and the next call puts everything back.
    """

    root: Path
    folder: Path

    @classmethod
    def new(cls, root: Path, version: str) -> "Backup":
        """Return one in a folder that nothing is in yet."""
        state, number = root / ".slipway", 1
        while _is_used(folder := state / f"upgrade-{version}{f'-{number}' if number > 1 else ''}"):
            number += 1
        return cls(root, folder)

    @property
    def journal(self) -> Path:
        """The file that is there while files are written."""
        return self.folder / JOURNAL

    @property
    def what(self) -> str:
        """What writes, or wrote."""
        return "eject" if self.folder.name.startswith(f"upgrade-{EJECTED}") else "upgrade"

    def write(self, becomes: Becomes, beside: Mapping[str, File] | None = None, marked: Sequence[str] = ()) -> None:
        """Have each file as it is to be; when one of them cannot be written, all are as before. Raises Problem.

        What is `beside` is for the folder alone, to be compared; `marked` are files with markers, which it notes.
        """
        try:
            self._begin(becomes)
            self._write_beside(THEIRS, beside or {})
            if marked:
                (self.folder / CONFLICTS).write_text("".join(f"{path}\n" for path in marked), encoding="utf-8")
            for path, file in becomes.items():
                if file:
                    _prepare(self.root / path, file)
            for path, file in becomes.items():
                with uninterrupted():
                    _settle(self.root, path, file)
            self.journal.unlink()
        except BaseException as error:
            more = self._take_back(error)
            if not isinstance(error, OSError):
                raise
            raise Problem(
                f"{error.filename or self.folder} cannot be written: {error.strerror}. All is as it was before.{more}"
            ) from None

    def _begin(self, becomes: Becomes) -> None:
        before = look(self.root, set(becomes))
        noted = {path: [_hash(before.get(path)), _hash(file)] for path, file in becomes.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        _prepare(self.journal, File(json.dumps(noted).encode()))
        _settle(self.folder, JOURNAL, File(b""))
        self._write_beside(BEFORE, before, like=self.root)

    def _write_beside(self, part: str, files: Mapping[str, File], like: Path | None = None) -> None:
        for path, file in files.items():
            _prepare(self.folder / part / path, file, like=like / path if like else None)
            _settle(self.folder, f"{part}/{path}", file)

    def _take_back(self, error: BaseException) -> str:
        try:
            with uninterrupted():
                changed = self.put_back()
        except OSError as other:
            raise Problem(
                f"{error}. What was written cannot be taken back: {other}. Once it can be: ./inv {self.what}. What was "
                f"there is in {self.folder / BEFORE}."
            ) from None
        return f" {', '.join(changed)} changed meanwhile, and stayed." if changed else ""

    def put_back(self) -> list[str]:
        """Have all as it was before, but for what somebody has changed since, which is returned; raises OSError."""
        noted = json.loads(self.journal.read_text(encoding="utf-8")) if self.journal.exists() else {}
        changed = []
        for path, (was, is_to_be) in noted.items():
            (self.root / f"{path}{COMING}").unlink(missing_ok=True)
            now = _hash(look(self.root, {path}).get(path))
            if now == was:
                _leave(self.root, path)
                continue
            file = look(self.folder / BEFORE, {path}).get(path)
            if now != is_to_be or _hash(file) != was:
                changed.append(path)
                continue
            if file:
                _prepare(self.root / path, file, like=self.folder / BEFORE / path)
            _settle(self.root, path, file)
        for part in (THEIRS,) if changed else (THEIRS, BEFORE):
            shutil.rmtree(self.folder / part, ignore_errors=True)
        for name in (CONFLICTS, f"{JOURNAL}{COMING}", JOURNAL):
            (self.folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what was changed is in it
            self.folder.rmdir()
        return changed

    def drop(self) -> None:
        """Remove what was before; and the folder, when nothing else is in it."""
        shutil.rmtree(self.folder / BEFORE, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def unfinished(root: Path) -> Iterator[Backup]:
    """Yield the backups of those who were killed while they wrote."""
    found = (root / ".slipway").glob(f"upgrade-*/{JOURNAL}*")  # or what was about to be one
    yield from (Backup(root, folder) for folder in sorted({journal.parent for journal in found}))


def cut_off(root: Path) -> str:
    """Say that an upgrade was cut off here; "" when none was."""
    what = next((backup.what for backup in unfinished(root)), "")
    said = f"an {what} was cut off here, or is under way: ./inv {what} takes back what it had written, then begins anew"
    return said if what else ""


def conflicts(root: Path) -> set[str]:
    """Return which files upgrades have left with markers, whether or not somebody has resolved them since."""
    noted = (root / ".slipway").glob(f"upgrade-*/{CONFLICTS}")
    return {path for each in noted for path in each.read_text(encoding="utf-8").splitlines()}


def _is_used(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


def _prepare(at: Path, file: File, like: Path | None = None) -> None:
    # Beside its place, with the mode of what is there; what is new has what the umask says.
    coming, model = at.with_name(at.name + COMING), like or at
    at.parent.mkdir(parents=True, exist_ok=True)
    coming.unlink(missing_ok=True)
    if file.kind is Kind.LINK:
        coming.symlink_to(os.fsdecode(file.content))
        return
    with coming.open("xb") as stream:
        stream.write(file.content)
        stream.flush()
        os.fsync(stream.fileno())
    there = model.is_file() and not model.is_symlink()
    mode = (model if there else coming).stat().st_mode & 0o777
    may = mode | (mode & 0o444) >> 2 if file.kind is Kind.EXECUTABLE else mode & 0o666
    coming.chmod(may)
    if os.geteuid() == 0:  # who has the folder has what is new in it
        of = (model if there else at.parent).stat()
        os.chown(coming, of.st_uid, of.st_gid)


def _settle(root: Path, path: str, file: File | None) -> None:
    at = root / path
    if file:
        at.with_name(at.name + COMING).replace(at)
        return
    at.unlink(missing_ok=True)
    _leave(root, path)


def _leave(root: Path, path: str) -> None:
    for folder in _above(root, root / path):
        with contextlib.suppress(OSError):  # something else is in it
            folder.rmdir()


def _hash(file: File | None) -> str:
    return f"{file.kind} {hashlib.sha256(file.content).hexdigest()}" if file else ""
