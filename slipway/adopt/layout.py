"""The project as a folder: its name, Python, lock file, Dockerfile, and what of the repository it is built from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from slipway.adopt.commands import SERVERS
from slipway.adopt.composefile import Service
from slipway.adopt.dockerfile import Stage, expanded, interpreter_of, python_of, stages
from slipway.adopt.files import Files, table
from slipway.adopt.findings import Found, at

LOCKS = ("poetry.lock", "uv.lock", "pylock.toml")
DOCKERFILES = ("Dockerfile", "Dockerfile.prod", "Dockerfile.production", "prod.Dockerfile", "*.Dockerfile",
               "Dockerfile.*", "Containerfile")  # fmt: skip
# What says nothing of the service that it names.
GENERAL = frozenset(("app", "api", "backend", "server", "service", "src", "web", "project", "main", "code", "fastapi"))
VERSIONS = ("3.13", "3.14", "3.12", "3.11", "3.10", "3.15")  # the first that the project takes
OF_DEVELOPMENT = re.compile(r"dev|test|debug|local", re.I)  # stages
OF_PRODUCTION = re.compile(r"prod|release|runtime|final|runner|deploy", re.I)
NOT_THE_SERVICE = re.compile(r"worker|celery|migrat|beat|scheduler|cron|test|front|proxy|nginx|create_|seed|flower")


@dataclass(frozen=True)
class Image:
    """How the project's own Dockerfile builds it; no `venv` is the image's own Python, no `target` the last stage."""

    path: str
    where: str
    context: str
    target: str
    python: str
    variant: str
    workdir: str
    venv: str
    stage: Stage
    has_code: bool


def app_service(services: Sequence[Service]) -> Service | None:
    """Return the Compose service that is the application: what is built, and runs a server of Python."""
    built = [one for one in services if (one.context or SERVERS.search(one.command)) and not one.is_postgres]
    serving = [one for one in built if SERVERS.search(one.command) or "gunicorn" in one.command]
    rest = [one for one in built if (one.ports and not one.command) or not NOT_THE_SERVICE.search(one.name)]
    for one in [*serving, *rest]:
        if not NOT_THE_SERVICE.search(one.name):
            return one
    return None


def image(files: Files, app: Service | None) -> Image | None:
    """Return what the project's Dockerfile makes: the one that Compose builds, else the nearest with a Python."""
    listed = [app.dockerfile] if app and app.dockerfile else []
    listed += files.called(*DOCKERFILES)
    for name in dict.fromkeys(listed):
        found = stages(files.text(name)) if files.has(name) else []
        of_app = app if app and app.dockerfile == name else None
        stage = _built(found, of_app) if found else None
        if not stage or not _is_python(stage):
            continue
        context = of_app.context if of_app else _context(files, name, stage)
        python, variant = python_of(stage)
        target = stage.name if stage is not found[-1] else ""
        return Image(
            name, at(name, stage.number), context, target, python, variant, stage.workdir, interpreter_of(stage), stage,
            _has_code(stage),
        )  # fmt: skip
    return None


def _built(found: Sequence[Stage], app: Service | None) -> Stage:
    # The one that Compose names; not one for development, where the Dockerfile ends with another, or has one that is
    # production's by its name.
    wanted = expanded(app.target, {}).lower() if app else ""
    named = next((one for one in found if wanted and one.name.lower() == wanted), found[-1])
    if not OF_DEVELOPMENT.search(named.name):
        return named
    others = [one for one in found if OF_PRODUCTION.search(one.name) and not OF_DEVELOPMENT.search(one.name)]
    return found[-1] if not OF_DEVELOPMENT.search(found[-1].name) else others[0] if len(others) == 1 else named


def _is_python(stage: Stage) -> bool:
    known = python_of(stage)[0] or re.search(r"python|uvicorn-gunicorn|poetry|/uv\b", stage.base)
    return bool(known or SERVERS.search(stage.command) or "python" in stage.command)


def _context(files: Files, name: str, stage: Stage) -> str:
    # The nearest folder in which what it copies lies.
    folder = PurePosixPath(name).parent
    named = [source for sources, _, _ in stage.copies for source in sources if not re.search(r"[*?\[$]", source)]
    named = [one.removeprefix("./").rstrip("/") for one in named if one.strip("./")]
    candidates = [".", files.relative(folder), ".."]
    known = set(files.names)

    def holds(context: str) -> int:
        inside = [files.relative(PurePosixPath(context) / one) for one in named]
        return sum(one in known or any(name.startswith(f"{one}/") for name in known) for one in inside)

    return max(dict.fromkeys(candidates), key=holds)


def _has_code(stage: Stage) -> bool:
    # Whether more is copied than what is installed from; from other stages, more than an environment and programs.
    about = re.compile(r"(pyproject\.toml|.*\.lock|.*requirements.*|README.*|.*\.txt|package.*\.json)$")
    sources = [source for sources, _, _ in stage.copies for source in sources]
    installed = re.compile(r"venv|/env$|site-packages|/bin(/|$)|/uvx?$|/usr/|/root/\.local|/opt/|/install|/wheels")
    return any(not about.search(one) for one in sources) or any(not installed.search(one) for one in stage.taken)


def name_of(files: Files) -> Found[str]:
    """Return what the service is called: as pyproject.toml says, unless that says nothing; else its repository."""
    document = files.pyproject()
    for keys in (("project",), ("tool", "poetry")):
        name = table(document, *keys).get("name")
        if isinstance(name, str) and canonical(name) and canonical(name) not in GENERAL:
            return Found(canonical(name), "pyproject.toml")
    for folder in (files.project, files.top):
        if canonical(folder.name) and canonical(folder.name) not in GENERAL:
            return Found(canonical(folder.name), f"the folder {folder.name}")
    return Found(canonical(files.project.name) or "service", f"the folder {files.project.name}")


def canonical(name: str) -> str:
    """Return a name as that of an image."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def requires(files: Files) -> Found[str]:
    """Return which Pythons the project takes, as it says so, "" when it says nothing."""
    document = files.pyproject()
    said = table(document, "project").get("requires-python")
    poetry = table(document, "tool", "poetry", "dependencies").get("python")
    for value in (said, poetry):
        if isinstance(value, str):
            return Found(value, "pyproject.toml")
    return Found("", "")


def python(files: Files, made: Image | None, said: Found[str]) -> Found[str]:
    """Return the Python that the service runs on: its image's, that of .python-version, else one that it takes."""
    if made and made.python:
        return Found(made.python, made.where)
    for name in (".python-version", "../.python-version", "runtime.txt"):
        found = re.search(r"3\.\d+", files.text(name)) if files.has(name) else None
        if found:
            return Found(found[0], at(name, 1))
    takes = [one for one in VERSIONS if allows(said.value, one)]
    return Found(takes[0], said.where) if said.value and takes else Found("", "")


def allows(specifier: str, version: str) -> bool:
    """Tell whether a specifier of Python's versions, also one in Poetry's words, takes some release of X.Y."""
    minor = int(version.partition(".")[2])
    for part in re.split(r"[,\s]+", specifier.strip()):
        found = re.fullmatch(r"(\^|~=|~|>=|<=|==|!=|>|<)?v?3\.(\d+)(\.\d+|\.\*)?.*", part)
        if not found:
            continue
        sign, its, patch = found[1] or "==", int(found[2]), found[3]
        fits = {
            "^": minor >= its, ">=": minor >= its, ">": minor >= its if patch else minor > its,
            "~=": minor >= its if not patch else minor == its, "~": minor == its, "==": minor == its,
            "<": minor < its or bool(patch and patch not in (".0", ".*") and minor == its), "<=": minor <= its,
            "!=": minor != its or bool(patch and patch != ".*"),
        }  # fmt: skip
        if not fits[sign]:
            return False
    return True


def lock(files: Files) -> Found[str]:
    """Return the lock file of the project, or of the workspace around it; requirements.txt where there is no other."""
    for folder in ("", "../", "../../"):
        known = [f"{folder}{name}" for name in LOCKS if files.has(f"{folder}{name}")]
        if len(known) > 1 and any("uv sync" in files.text(name) for name in files.called(*DOCKERFILES)):
            known.sort(key=lambda name: not name.endswith("uv.lock"))
        if known:
            return Found(known[0], known[0])
        if not folder and (plain := requirements(files)):
            return Found(plain, plain)
    return Found("", "")


def requirements(files: Files) -> str:
    """Return the requirements file that production installs, "" for none."""
    known = [name for name in files.called("requirements*.txt", "prod*.txt", "base.txt") if "/" not in name
             or PurePosixPath(name).parent.name == "requirements"]  # fmt: skip
    known = [name for name in known if not re.search(r"dev|test|lint|doc", name) and not name.startswith("..")]
    order = ("requirements.txt", "requirements.lock", "requirements/prod.txt", "requirements/production.txt")
    return min(known, key=lambda name: (order.index(name) if name in order else len(order), name), default="")
