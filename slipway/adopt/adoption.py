"""`slipway adopt`: look at a project, and write what Slipway needs to be told."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from slipway.adopt import asgi, changes, git
from slipway.adopt.detect import Detected, detect
from slipway.adopt.files import Files, table
from slipway.adopt.findings import Refused, Untold
from slipway.adopt.plan import Plan, plan
from slipway.project import minimum

NEXT = "./inv up"


@dataclass(frozen=True)
class Adoption:
    """A project that was looked at: what it is, and what would be written; nothing is yet."""

    folder: Path
    found: Detected
    plan: Plan
    notes: tuple[str, ...]

    def write(self) -> None:
        """Write it, all or nothing; raises Refused."""
        changes.write(self.folder, self.plan.changes)


def look(folder: Path, own: Mapping[str, bytes]) -> Adoption:
    """Look at the project in a folder; `own` are Slipway's own files for it, by name.

    Raises Refused for what is no project that Slipway could run.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100  (links stay)
    if not folder.is_dir():
        raise Refused(f"There is no folder {folder}.")
    repository = git.look(folder)
    files = Files(folder, repository.top)
    found = detect(files, repository.tracked)
    _check(files, found)
    if repository.wrong:
        raise Refused(repository.wrong)
    if not os.access(folder, os.W_OK):
        raise Refused(f"{folder} cannot be written to: run this as the user whose it is.")
    try:
        made = plan(files, found, own, repository.tracked)
    except OSError as error:
        raise Refused(f"{error.filename} cannot be read: {error.strerror}.") from None
    lost = git.ignored(folder, (change.name for change in made.changes if not change.name.startswith(".env")))
    if lost:
        what = f"git ignores {', '.join(lost)}, which every clone has to have. In .gitignore, write:"
        made = replace(made, untold=(*made.untold, Untold(what, "\n".join(_again(lost)))))
    touched = sorted({change.name for change in made.changes} & repository.dirty)
    notes = [f"Not committed yet, and changed by this as well: {', '.join(touched)}."] if touched else []
    return Adoption(folder, found, made, tuple(notes))


def _again(names: list[str]) -> list[str]:
    # Git takes nothing back in a folder that it ignores, so that comes first. The next wheel has another version.
    parts = [["/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 1)] for name in names]
    folders = dict.fromkeys(f"!/{folder}/" for each in parts for folder in each)
    each_wheel = (f"{name.rpartition('/')[0]}/*.whl" if name.endswith(".whl") else name for name in names)
    return [*folders, *(f"!/{name}" for name in each_wheel)]


def _check(files: Files, found: Detected) -> None:
    if wrong := minimum.unfit(files.pyproject("tool", "slipway").get(minimum.KEY)):
        raise Refused(wrong)
    if not files.inside:
        raise Refused(f"{files.project} is empty. For a new service: slipway new NAME")
    if found.application is None:
        other = asgi.frameworks(files)
        if other and not any("FastAPI(" in files.text(name) for name in files.code):
            raise Refused(f"This is a {other} application: Slipway takes FastAPI services.")
        if not any("fastapi" in files.text(name).lower() for name in files.code):
            raise Refused(
                f"There is no FastAPI application in {files.project}: call this in the folder of its pyproject.toml or "
                "requirements.txt."
            )
        return
    if inner := _inner(files, found.application.file):
        raise Refused(f"The application is in a project of its own, {inner}: cd {inner} && slipway adopt")


def _inner(files: Files, name: str) -> str:
    """Return the folder of the project that a module is in, when that is not the one that was looked at."""
    parts = name.split("/")[:-1]
    for depth in range(len(parts), 0, -1):
        folder = "/".join(parts[:depth])
        document = files.toml(f"{folder}/pyproject.toml") if files.has(f"{folder}/pyproject.toml") else {}
        is_project = "project" in document or "poetry" in table(document, "tool")
        if is_project or files.has(f"{folder}/requirements.txt"):
            return folder
    return ""
