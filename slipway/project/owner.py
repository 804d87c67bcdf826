"""Whose the project's folder is: git does not read another user's, as it is in a container, unless it is told to."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

GLOBAL = "GIT_CONFIG_GLOBAL"  # names git's configuration of a user, since 2.32
FILE = ".slipway/gitconfig"
REFUSES = "dubious ownership"  # git's words, in English


def trust(root: Path) -> None:
    """Let git read a project's folder that is another user's: who calls `inv` runs what is in it anyway.

    This process and those that it starts have a configuration that holds the caller's own and `safe.directory`. (What
    git itself starts, for a clone, heeds that in a file alone.) Without git, or a file, git says what is wrong.
    """
    if is_ours(root, os.geteuid(), os.environ) or not shutil.which("git"):
        return
    file, given = root / FILE, os.environ.get(GLOBAL)
    if given == str(file):  # of the call that has made this one
        return
    text = configuration(root, [Path(given)] if given else _own(os.environ))
    with contextlib.suppress(OSError):
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        os.environ[GLOBAL] = str(file)


def is_ours(root: Path, user: int, environ: Mapping[str, str]) -> bool:
    """Tell whether git takes a project's folder for this user's, or for that of root's who has called sudo."""
    ours = {user} | ({int(environ.get("SUDO_UID") or 0)} if user == 0 else set())
    return all(one.stat().st_uid in ours for one in (root, _top(root) / ".git") if one.exists())


def configuration(root: Path, others: list[Path]) -> str:
    """Return a configuration of git that has all of these files, and trusts a project's repository."""
    top = _top(root)
    includes = [f"[include]\n\tpath = {_quoted(other)}\n" for other in others]
    trusted = [f"\tdirectory = {_quoted(one)}\n" for one in (top, top / ".git")]  # which one, git says by version
    return "".join([*includes, "[safe]\n", *trusted])


def _top(root: Path) -> Path:
    return next((one for one in (root, *root.parents) if (one / ".git").exists()), root)


def _own(environ: Mapping[str, str]) -> list[Path]:
    # https://git-scm.com/docs/git-config#FILES, in the order in which git reads them; one that is not there is none.
    home = environ.get("HOME", "")
    others = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    names = [*([f"{others}/git/config"] if others else []), *([f"{home}/.gitconfig"] if home else [])]
    return [Path(name) for name in names if os.access(name, os.R_OK)]


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
