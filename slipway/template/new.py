"""`slipway new`: the folder of a new service, its files, and its first commit."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.core.git import ask
from slipway.template import render, wheel
from slipway.template.wheel import Refused

BRANCH = "main"
MESSAGE = "Begin {name}, made with `slipway new`"


@dataclass(frozen=True)
class Made:
    """A new service: in which folder, and what has to be known of it."""

    folder: Path
    files: int
    remarks: tuple[str, ...]


def new(name: str, folder: Path, source: Path | None, *, empty: bool = False) -> Made:
    """Make a service in a folder that is not there, or is empty; all of it or nothing.

    `source` is the wheel that the project gets; None is pip's index. Raises Refused.
    """
    if wrong := render.unfit(name):
        raise Refused(f"A service cannot be called {name!r}: {wrong}.")
    _need_room(folder, name)
    files = render.render(name, empty=empty) | lock(name, source, empty=empty)
    try:
        with _staged(folder) as stage:
            write(files, stage)
            remarks = begin(stage, name, folder)
    except OSError as error:
        raise Refused(f"{folder} could not be written ({error}); nothing is left of it.") from None
    return Made(folder, len(files), tuple(remarks))


def lock(name: str, source: Path | None, *, empty: bool) -> dict[str, bytes]:
    """Return slipway.lock, and the wheel that it names; raises Refused when no index has this version."""
    return wheel.lock(made_by(name, empty=empty), source)


def made_by(name: str, *, empty: bool) -> list[str]:
    """Return the words that make a service's files."""
    return ["new", name, *(["--empty"] if empty else [])]


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if name in render.EXECUTABLE:
            path.chmod(path.stat().st_mode | (path.stat().st_mode & 0o444) >> 2)


def begin(folder: Path, name: str, target: Path) -> list[str]:
    """Make the repository and its first commit; return what has to be said of it, which is no reason to fail."""
    if not shutil.which("git"):
        return ["there is no git here: no repository was made. Versions and tags need one: git init"]
    there = next(one for one in (target.absolute(), *target.absolute().parents) if one.exists())
    status, above = ask(there, "rev-parse", "--show-toplevel")
    if not status:
        return [f"it lies in the repository {above.strip()}: the files are for you to commit there"]
    for command in (("init", "--quiet"), ("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}"), ("add", "--force", ".")):
        status, said = ask(folder, *command)
        if status:
            return [f"git {command[0]} failed ({_last(said)}): the repository is for you to make"]
    status, said = ask(folder, "commit", "--quiet", "--message", MESSAGE.format(name=name))
    if not status:
        return []
    if any(ask(folder, "var", who)[0] for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")):
        who = "git config --global user.name YOU; git config --global user.email YOU@EXAMPLE.COM"
        return [f"nothing is committed yet, as git does not know who you are: {who}; then: git commit -m Begin"]
    return [f"nothing is committed yet: git commit failed ({_last(said)})"]


def _need_room(folder: Path, name: str) -> None:
    if folder.is_symlink() and not folder.exists():
        raise Refused(f"{folder} is a link that leads nowhere: remove it, or name another folder.")
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is there already, and is no folder: name another one: slipway new {name} FOLDER")
    if folder.is_dir() and any(folder.iterdir()):
        raise Refused(
            f"{folder} is not empty: name another folder (slipway new {name} FOLDER). For a service that is there "
            "already: slipway adopt"
        )


@contextlib.contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    # What is written lies beside the folder until it is whole; in a folder that is there, in it.
    was_there = folder.is_dir()
    made = [one for one in (folder.absolute(), *folder.absolute().parents) if not one.exists()]
    (folder if was_there else folder.absolute().parent).mkdir(parents=True, exist_ok=True)
    above = folder if was_there else folder.absolute().parent
    stage = Path(tempfile.mkdtemp(prefix=".slipway-new-", dir=above))
    moved: list[Path] = []
    try:
        yield stage
        if was_there:
            for one in sorted(stage.iterdir()):
                moved.append(folder / one.name)
                one.rename(folder / one.name)
            stage.rmdir()
        else:
            stage.chmod(0o777 & ~_umask())
            stage.rename(folder)
    except BaseException:  # also of who is interrupted
        for one in [stage, *moved]:
            shutil.rmtree(one) if one.is_dir() else one.unlink(missing_ok=True)
        for one in made:  # from the innermost
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _last(said: str) -> str:
    return said.strip().splitlines()[-1] if said.strip() else "it said nothing"
