"""What `copy` names: code that a project's own Dockerfile leaves out of its image, and Slipway puts there.

As it lies in the project, seen from the image's folder. What no build may see is left out of this one, too.
"""

import json
import os
import posixpath
import shutil
import stat
from pathlib import Path

from slipway.core.errors import Problem
from slipway.image.beneath import Own
from slipway.image.context import lies_in, of_project
from slipway.project.config import Project

BASE = "theirs"  # what the Dockerfile calls the image without it


def files(project: Project) -> dict[str, list[str]]:
    """Return the files and links of each path that `copy` names; raises Problem for a path that has none."""
    seen = list(of_project(project)) if project.copy else []
    found = {}
    for path in dict.fromkeys(map(posixpath.normpath, project.copy)):
        where = f"pyproject.toml: [tool.slipway] copy = {path!r}"
        if (project.root / path).is_symlink():
            raise Problem(f"{where} is a link: name what it leads to.")
        found[path] = [name for name in seen if lies_in(name, path) and _is_kept(project.root / name)]
        if not found[path]:
            raise Problem(
                f"{where} names nothing that a build sees: no file is there, or .dockerignore keeps it out, which then "
                f"needs the line !{path}"
            )
    return found


def dockerfile(project: Project, own: Own) -> str:
    """Return the Dockerfile that puts them upon the project's own image; raises Problem for a path it cannot name."""
    lines = [f"FROM {BASE}"]
    for number, path in enumerate(files(project)):
        target = own.at(path)
        if any(char in target for char in '"\\$\n'):
            raise Problem(f"The image's {target!r} cannot be named in a Dockerfile: it has a quote, a dollar or a \\.")
        lines.append(f"COPY {json.dumps([str(number), target], ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def write(folder: Path, project: Project, own: Own, epoch: int) -> None:
    """Write the build's context into an empty folder: alike whatever umask and clock this machine has. Raises Problem.

    `epoch` is the time that all of it bears, the commit's.
    """
    (folder / "Dockerfile").write_text(dockerfile(project, own), encoding="utf-8")
    for number, (path, names) in enumerate(files(project).items()):
        for name in names:
            target = Path(os.path.normpath(folder / str(number) / posixpath.relpath(name, path)))
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(project.root / name, target, follow_symlinks=False)
            except OSError as error:
                raise Problem(f"{name} cannot be copied into the image: {error.strerror}.") from None
            runs = (project.root / name).lstat().st_mode & stat.S_IXUSR
            if not target.is_symlink():
                target.chmod(0o755 if runs else 0o644)
    for one in sorted(folder.rglob("*"), reverse=True):  # what is made in a folder changes its time
        if one.is_dir() and not one.is_symlink():
            one.chmod(0o755)
        os.utime(one, (epoch, epoch), follow_symlinks=False)


def _is_kept(path: Path) -> bool:
    # A socket or pipe is somebody's who runs here, and no part of the project.
    return stat.S_IFMT(path.lstat().st_mode) in (stat.S_IFREG, stat.S_IFLNK)
