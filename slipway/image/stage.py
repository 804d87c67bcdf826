"""Slipway's stage upon the image of a project that has a Dockerfile of its own: what it is built from."""

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from slipway.core import resources
from slipway.core.errors import Problem
from slipway.image import beneath
from slipway.image.beneath import Beneath
from slipway.project import variables
from slipway.project.carried import KINDS, NAMES
from slipway.project.config import Project

BASE = "theirs"  # what the stage calls the image below
DOCKERFILE, PROGRAM, PACKAGES = "image/stage.Dockerfile", "image/fit.py", "image/server.txt"
GUNICORN = "gunicorn.conf.py"


def dockerfile(project: Project, below: Beneath) -> str:
    """Return the stage's Dockerfile; raises Problem for a path that it cannot name."""
    values = {"PYTHONPATH": below.pythonpath(project), "PYTHON": below.python, "PATH": below.path}
    for path in values.values():
        if any(char in path for char in "\"'\\$\n"):
            raise Problem(
                f"The image's {path!r} cannot be named in a Dockerfile: it has a quote, a dollar or a backslash."
            )
    check = beneath.healthcheck().replace('["python"', f'["{below.python}"')
    lines = "".join(f" \\\n    {name}={quoted(value)}" for name, value in variables.of_image(project).items())
    text = resources.text(DOCKERFILE).replace("@HEALTHCHECK@", check).replace("@VARIABLES@", lines)
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def quoted(value: str) -> str:
    """Return a value as ENV has it in a Dockerfile, of one line.

    https://docs.docker.com/reference/dockerfile/#env, and #environment-replacement
    """
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def arguments(below: Beneath, on: str) -> dict[str, str]:
    """Return the build arguments that only this stage has."""
    return {"SERVICE_USER": below.user, "BASE_NAME": on}


def settings(project: Project) -> str:
    """Return what the project says that goes into the stage, but for build arguments."""
    told = variables.of_image(project)
    folders = [project.pythonpath, project.copy, project.writable]
    return json.dumps([told, *folders, bool(project.migrations)], sort_keys=True)


def write(folder: Path, project: Project, below: Beneath) -> None:
    """Write the stage's context into an empty folder; raises Problem."""
    told = {
        "packages": beneath.packages(project, below),
        "folder": below.folder,
        "writable": [below.image.at(path) for path in project.writable],
        "user": below.user,
    }
    files = {"Dockerfile": dockerfile(project, below), "fit.json": json.dumps(told, sort_keys=True)}
    files |= {"fit.py": resources.text(PROGRAM), "server.txt": resources.text(PACKAGES)}
    files |= {GUNICORN: resources.template(GUNICORN)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, file in _sources():
        target = folder / "slipway" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())


def digest() -> str:
    """Hash all of Slipway's own that the stage is made of (SHA-256)."""
    total = hashlib.sha256()
    texts = [resources.template(GUNICORN), beneath.healthcheck()]
    for text in [*map(resources.text, (DOCKERFILE, PROGRAM, PACKAGES)), *texts]:
        total.update(text.encode() + b"\0")
    for name, file in _sources():
        total.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def _sources(folder: str = "") -> Iterator[tuple[str, Traversable]]:
    # No bytecode: only the files that are source.
    names = NAMES if not folder else sorted(one.name for one in resources.inside(folder).iterdir())
    for name in (f"{folder}/{name}".lstrip("/") for name in names):
        file = resources.inside(name)
        if file.is_dir():
            yield from _sources(name)
        elif name.endswith(KINDS):
            yield name, file
