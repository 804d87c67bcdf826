"""Another version of Slipway for a project: what that changes, and how it is done."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway import __version__
from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.words import row
from slipway.template.protocol import MADE_BY, File, Made
from slipway.upgrade import git, news, source
from slipway.upgrade.files import BEFORE, THEIRS, Backup, conflicts, cut_off, look, unfinished
from slipway.upgrade.merge import GitMerge
from slipway.upgrade.news import Entry
from slipway.upgrade.plan import LOCKS, OPEN, WRITTEN, Change, Fate, Tree, decide, is_marked, unix
from slipway.upgrade.source import LOCK, VENDOR, Locked, Wheel

INDENT = " " * 11


@dataclass(frozen=True)
class Wanted:
    """Which Slipway: a version of the index, or a wheel; neither for the one that runs."""

    to: str = ""
    wheel: Path | None = None


@dataclass(frozen=True)
class Upgrade:
    """What becomes of a project: the files that Slipway has written, and all that are written now.

    `unknown` says why nobody knows what the version before has made, "" where that is known. `uncommitted` are those
    of the files that git does not have as they are, None without git; `ignored` those of Slipway's own that it ignores.
    """

    root: Path
    old: str
    new: str
    changes: Sequence[Change]
    becomes: Mapping[str, File | None]
    news: Sequence[Entry] = ()
    unknown: str = ""
    notes: Sequence[str] = ()
    uncommitted: Sequence[str] | None = ()
    ignored: Sequence[str] = ()

    @property
    def open(self) -> list[Change]:
        """What somebody has to look at."""
        return [one for one in self.changes if one.fate in OPEN]

    def keep_news(self) -> None:
        """Write all that has changed for users into a file, where not all of it is shown."""
        if len(self.news) > news.MOST:
            file = self.root / news.FILE
            with contextlib.suppress(OSError):
                file.parent.mkdir(exist_ok=True)
                file.write_text(f"{news.text(self.news)}\n", encoding="utf-8")

    def lines(self) -> list[str]:
        """Return what would be done, for people; before that, as it may be long, what has changed for users."""
        found = [*news.shown(self.news), ""] if self.news else []
        found.append(row("slipway", f"{self.old} -> {self.new}"))
        if self.unknown:
            found.append(row("two-way", f"what {self.old} has made is not known: {self.unknown}"))
        for fate in Fate:
            told = [one.path + (f" ({one.why})" if one.why else "") for one in self.changes if one.fate is fate]
            found += [row(fate.value, told[0]), *(INDENT + one for one in told[1:])] if told else []
        found += [row("note", one) for one in self.notes]
        if self.uncommitted:
            found.append(row("not in git", f"{', '.join(self.uncommitted)}: commit first, and git can take this back"))
        return found


def put_back(root: Path) -> list[str]:
    """Take back what was cut off earlier; return lines about it. Raises Problem."""
    found = []
    for backup in unfinished(root):
        try:
            changed = backup.put_back()
        except OSError as error:
            raise Problem(
                f"An {backup.what} was cut off, and {error.filename} cannot be put back: {error.strerror}. What was "
                f"there is in {backup.folder}."
            ) from None
        stays = f"; you have changed {', '.join(changed)} since, which stays" if changed else ""
        found.append(f"an {backup.what} that was cut off was taken back{stays}")
    return found


def check_whole(root: Path) -> None:
    """Raise Problem where an upgrade was cut off."""
    if said := cut_off(root):
        raise Problem(f"{said[:1].upper()}{said[1:]}.")


def prepare(root: Path, wanted: Wanted, shell: Shell, folder: Path) -> "Upgrade | str":
    """Return what is to be done, or why there is nothing; changes nothing but `folder`. Raises Problem."""
    locked = Locked.read(root)
    if locked.is_folder:
        return f"Slipway lies in this folder as source ({locked.line}): git merges it, and nothing is upgraded."
    wheel = _wanted(wanted, locked, shell, folder)
    if not wheel or (wheel.version == locked.version and wheel.hash in locked.hashes):
        return _nothing(root, locked)
    in_folder = str(Path(locked.file).parent) if locked.file else VENDOR if wanted.wheel else ""
    line = wheel.line(in_folder)
    new = source.made(shell, wheel, locked.made_by, line)
    old, unknown = _before(shell, root, locked, folder)
    theirs, base = _of_project(new.files), _of_project(old.files) if old else None
    ours = look(root, {*theirs, *(base or {}), LOCK})
    _check_marks(ours, theirs, base or {})
    labels = ("yours", f"Slipway {locked.version}", f"Slipway {wheel.version}")
    changes = decide(base, theirs, ours, GitMerge(shell, labels))
    own = _slipway(locked, wheel, in_folder, new)
    becomes = {one.path: one.file for one in changes if one.fate in WRITTEN} | own
    uncommitted = git.uncommitted(shell, sorted(becomes))
    return Upgrade(
        root, locked.version, wheel.version, changes, becomes,
        news=news.between(new.changelog, locked.version, wheel.version, old.changelog if old else ""),
        unknown=unknown, uncommitted=uncommitted,
        ignored=git.ignored(shell, sorted(path for path, file in own.items() if file)),
        notes=[f"{LOCK}: what you have changed in it is replaced"] if old and _is_edited(ours, old) else [],
    )  # fmt: skip


def _nothing(root: Path, locked: Locked) -> str:
    done = f"Nothing to do: the project has Slipway {locked.version}."
    left = conflicts(root)
    if marked := [path for path, file in sorted(look(root, left).items()) if is_marked(file.content)]:
        raise Problem(f"{done} There are markers of a conflict in {', '.join(marked)} still: resolve them by hand.")
    return done


def _wanted(wanted: Wanted, locked: Locked, shell: Shell, folder: Path) -> Wheel | None:
    if wanted.wheel:
        return Wheel.of(wanted.wheel)
    version = wanted.to or __version__
    return None if version == locked.version else source.download(shell, version, folder / "new")


def _before(shell: Shell, root: Path, locked: Locked, folder: Path) -> tuple[Made | None, str]:
    if not locked.made_by:
        return None, f"{LOCK} does not say by which command the project was made, as in: {MADE_BY}new shop"
    try:
        found = source.before(shell, root, locked, folder / "old")
        return source.made(shell, found, locked.made_by, locked.line), ""
    except Problem as problem:
        return None, " ".join(str(problem.message).split())


def _of_project(files: Tree) -> dict[str, File]:
    return {path: file for path, file in files.items() if path != LOCK}


def _slipway(locked: Locked, wheel: Wheel, folder: str, new: Made) -> dict[str, File | None]:
    # slipway.lock, and the wheel that it names, in the place of the one before: at any moment, that one is there.
    mine = {f"{folder}/{wheel.file.name}": File(wheel.file.read_bytes())} if folder else {}
    before: dict[str, File | None] = {locked.file: None} if locked.file and locked.file not in mine else {}
    return {**mine, LOCK: File(new.lock.encode()), **before}


def _is_edited(ours: Tree, old: Made) -> bool:
    return LOCK in ours and unix(ours[LOCK].content) != old.lock.encode()


def _check_marks(ours: Tree, *versions: Tree) -> None:
    own = {path for one in versions for path, file in one.items() if is_marked(file.content)}
    if marked := [path for path, file in sorted(ours.items()) if path not in own and is_marked(file.content)]:
        raise Problem(
            f"There are markers of a conflict in {', '.join(marked)}, of an upgrade or a merge before: resolve them, "
            "then run this again. Nothing was changed."
        )


def carry_out(upgrade: Upgrade) -> list[str]:
    """Do it: all of it, or nothing; return what to do next. Raises Problem."""
    backup = Backup.new(upgrade.root, upgrade.old)
    beside = {one.path: one.file for one in upgrade.changes if one.fate is Fate.BESIDE and one.file}
    marked = [one.path for one in upgrade.open if one.fate is Fate.CONFLICT]
    backup.write(upgrade.becomes, beside, marked)
    shown = backup.folder.relative_to(upgrade.root)
    then = [f"{path}: resolve the conflict between its markers" for path in marked]
    then += [f"git diff --no-index {path} {shown / THEIRS / path}" for path in beside]
    then += [f"{LOCKS[one.path]}: pyproject.toml has other dependencies now" for one in upgrade.changes if one.resolves]
    if upgrade.uncommitted or upgrade.uncommitted is None or upgrade.notes:
        then.append(f"what was there before is in {shown / BEFORE}, until you remove it")
    else:  # git has it
        backup.drop()
    then += [f"git add --force {path}: git ignores it, and every clone has to have it" for path in upgrade.ignored]
    return [
        *then,
        "git add --all, git diff --staged: what has changed; ./inv makes the new environment when it runs next",
    ]
