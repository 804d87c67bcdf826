"""Whether a project's image and Compose files are Slipway's own kind, or its project was there before Slipway."""

import os
import posixpath
import re
from pathlib import Path

from slipway.project.config import Project

SLIPWAYS = re.compile(r"(?m)^ARG SCHEMA\b|\bdev\.slipway\.")  # in a Dockerfile of its kind
RELEASE = "compose.release.yaml"  # no other tool has a file of this name
# What no build of an adopted project sees, whatever its own .dockerignore says: what is secret, and what Slipway and
# Python leave in the folder.
HIDDEN = """\
**/.slipway
**/.env
**/.env.*
!**/.env.example
!**/.env.*.example
!**/.env.sample
!**/.env.template
!**/.env.dist
**/.git
**/.venv
**/.*_cache
**/__pycache__
**/*.py[co]
"""


def dockerfile(project: Project) -> Path:
    """Return where the project's Dockerfile is, or would be."""
    return project.root / project.dockerfile


def has_own_image(project: Project) -> bool:
    """Tell whether the project's Dockerfile is its own: it is built as it is, and Slipway's stage put upon it.

    One of Slipway's kind takes the newest revision as an argument, and has Slipway's labels. Where there is no
    Dockerfile, there is nothing to build.
    """
    file = dockerfile(project)
    return file.is_file() and not SLIPWAYS.search(file.read_text(encoding="utf-8", errors="replace"))


def has_packaged_files(project: Project) -> bool:
    """Tell whether the Compose files, Caddyfile and gunicorn.conf.py come out of Slipway's package.

    They do where the image is the project's own, unless its folder has Slipway's Compose files: compose.release.yaml.
    """
    return has_own_image(project) and not (project.root / RELEASE).exists()


def context(project: Project) -> Path:
    """Return the folder that the image is built from: the project's, or one above it."""
    return Path(os.path.abspath(project.root / project.context))  # noqa: PTH100  (links stay)


def ignore_file(project: Project) -> Path:
    """Return which file says what a build does not see, as Docker chooses it; it may not be there.

    https://docs.docker.com/build/concepts/context/#filename-and-location
    """
    beside = dockerfile(project).with_name(f"{dockerfile(project).name}.dockerignore")
    return beside if beside.exists() else context(project) / ".dockerignore"


def ignored(project: Project) -> str:
    """Return what a build of an adopted project does not see: what its own file says, HIDDEN, and what was written.

    What lies in folders that the service writes to is that of this machine, and no release would see it: there each
    container has its own.
    """
    file = ignore_file(project)
    own = os.fsdecode(file.read_bytes()).removeprefix("\ufeff") if file.exists() else ""
    inside = os.path.relpath(project.root, context(project))
    written = "".join(f"{posixpath.normpath(posixpath.join(inside, one))}/*\n" for one in project.writable)
    return f"{own.rstrip()}\n{HIDDEN}{written}".lstrip()
