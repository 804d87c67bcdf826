"""The image that a project's own Dockerfile makes: who runs what in it, and in which Python."""

import json
import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.core import resources
from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.core.shell import Shell
from slipway.engine import images
from slipway.project.config import Project
from slipway.project.processes import package

USER = "65532:65532"  # instead of root
ROOT = ("", "0", "root")
SERVER = ("click", "gunicorn", "h11", "typing-extensions", "uvicorn", "uvicorn-worker")
DATABASE = ("psycopg", "psycopg-binary", "typing-extensions")
HOME = "/opt/slipway"  # where what is Slipway's lies in the image
FRAMEWORK = "starlette"  # what FastAPI is made of: an environment without it is not the service's
LOOKED_FOR = (FRAMEWORK, "alembic", "psycopg", "gunicorn")
PROBE = Script("slipway.image", "probe.py")
STARTS = ("python", "python3", "/usr/local/bin/python3", "/usr/bin/python3", "/opt/venv/bin/python")


@dataclass(frozen=True)
class Own:
    """What the image says of itself: its user, its folder, its variables, and what it runs."""

    user: str = ""
    workdir: str = "/"
    variables: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Own":
        """Read the configuration that `docker image inspect` prints."""
        variables = dict(one.partition("=")[::2] for one in config.get("Env") or ())
        words = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
        return cls(config.get("User") or "", config.get("WorkingDir") or "/", variables, words)

    @property
    def is_roots(self) -> bool:
        """Whether root runs it."""
        return self.user.partition(":")[0] in ROOT

    def at(self, path: str) -> str:
        """Return where a path of the project is in the image: the project lies in its folder."""
        return posixpath.normpath(posixpath.join(self.workdir, path))


@dataclass(frozen=True)
class Beneath:
    """What Slipway's stage has to know of the image that it is put upon.

    `python` is the interpreter that has the service's packages, `folder` where it finds such; `place` is where the
    service's package lies, "" for a single module; `user` is whom the service runs as from now on. `has` are the
    packages that were looked for and are there.
    """

    python: str
    version: str
    folder: str
    place: str
    user: str
    image: Own
    has: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """PATH: the service's Python before any other."""
        before = self.image.variables.get("PATH", "").split(":")
        return ":".join(dict.fromkeys(filter(None, [posixpath.dirname(self.python), *before, f"{HOME}/bin"])))

    def pythonpath(self, project: Project) -> str:
        """Return PYTHONPATH: the project's, and what the image has."""
        before = self.image.variables.get("PYTHONPATH", "").split(":")
        return ":".join(dict.fromkeys(filter(None, [*map(self.image.at, project.pythonpath), *before])))


def own(shell: Shell, tag: str) -> Own:
    """Return what an image that is there says of itself; raises Problem."""
    return Own.of(json.loads(shell.output(images.inspect_command(tag, "{{json .Config}}"))))


def look(shell: Shell, project: Project, tag: str) -> Beneath:
    """Look into an image that is there; raises Problem when no Python in it is the service's."""
    image = own(shell, tag)
    module = package(project.asgi, project.processes)
    path = [image.at(one) for one in (*project.pythonpath, ".")]
    asked = {"words": image.words, "module": module, "path": path, "names": LOOKED_FOR}
    starts = [*STARTS, *(word for word in image.words if word.startswith("/"))]
    return chosen(_ask(shell, tag, starts, json.dumps(asked)), project, image)


def chosen(found: Sequence[Mapping[str, Any]], project: Project, image: Own) -> Beneath:
    """Choose among the Pythons of an image, as probe.py has found them; raises Problem when none is the service's."""
    able = [one for one in found if (FRAMEWORK in one["has"] or not project.has_web) and one["folder"]]
    if not able:
        needs = "has FastAPI" if project.has_web else "can be used"
        seen = ", ".join(f"{one['python']} ({one['version']})" for one in found) or "none was found"
        built = f"Its stage {project.target}" if project.target else "The stage that the Dockerfile ends with"
        raise Problem(
            f"No Python in the image of {project.dockerfile} {needs}: {seen}. {built} has to hold the service's "
            "packages; target in [tool.slipway] names another one."
        )
    one = next((one for one in able if one["found"]), None if project.has_web else able[0])
    if not one:
        raise Problem(
            f"{able[0]['python']} in the image of {project.dockerfile} does not find {project.asgi}, from "
            f"{image.workdir}: [tool.slipway] asgi is MODULE:NAME, pythonpath the folders of such modules, and copy "
            "the folders that the Dockerfile leaves out of its image."
        )
    if project.migrations and "alembic" not in one["has"]:
        raise Problem(
            f"{one['python']} in the image of {project.dockerfile} has no Alembic, which applies "
            f"{project.migrations}/. Add it there; or, for inv to leave migrations alone: "
            'migrations = "" in [tool.slipway].'
        )
    if image.is_roots and one["closed"]:
        raise Problem(
            f"The service would run as {USER}, and only root may enter {one['closed']}, where its Python is. Let the "
            "Dockerfile name a USER, or have Python elsewhere (UV_PYTHON_INSTALL_DIR, say)."
        )
    place = next(iter(one["module"]), "")
    user = USER if image.is_roots else image.user
    return Beneath(one["python"], one["version"], one["folder"], place, user, image, tuple(one["has"]))


def packages(project: Project, beneath: Beneath) -> list[str]:
    """Return what Slipway needs in the image, of server.txt; what is there already is left as it is."""
    return needed(project, beneath.has)


def needed(project: Project, has: Collection[str]) -> list[str]:
    """Return what Slipway needs beside a service that `has` these modules: to serve, and to migrate if it does that."""
    works_on_database = project.migrations and "alembic" in has
    return sorted({*SERVER, *(DATABASE if works_on_database else ())})


def _ask(shell: Shell, tag: str, starts: Sequence[str], asked: str) -> list[dict[str, Any]]:
    # Whichever Python is there finds the others.
    for start in dict.fromkeys(starts):
        status, said, _ = shell.probe(images.ask_command(tag, start, "-c", PROBE, asked))
        if not status:
            found: list[dict[str, Any]] = json.loads(said.splitlines()[-1])
            return found
    if shell.probe(images.ask_command(tag, "true"))[0] == 125:
        shell.output(images.ask_command(tag, "true"), failed="The engine starts no container of it (see above).")
    return []


def healthcheck() -> str:
    """Return how the Dockerfile of a project made by Slipway asks for the service's health."""
    lines = resources.template("Dockerfile").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("HEALTHCHECK "))
    return "\n".join(lines[first : first + 2]).removeprefix("HEALTHCHECK ")
