"""What serves an adopted service on this machine, and works on its database, where its own environment lacks it.

In its image, Slipway's stage has the same packages, of the same list, with the same hashes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from slipway import interpreter
from slipway.core import resources
from slipway.core.pythons import VARIABLE
from slipway.image import beneath, stage
from slipway.image.fit import NAMES
from slipway.project import adopted, variables, written
from slipway.project.carried import carried
from slipway.project.checkout import Checkout
from slipway.project.config import Project

SLOW = 60  # seconds that a Python may take to say what it has
ASK = """
import importlib.util, json, sys
has = [name for name in sys.argv[1:] if importlib.util.find_spec(name)]
json.dump([list(sys.version_info[:2]), has], sys.stdout)
"""


def of_service(checkout: Checkout, settings: dict[str, str]) -> dict[str, str]:
    """Return the variables of a process that runs the service's code here; raises Problem.

    `settings` are its own, with DATABASE_* as they are seen from here. Behind its own packages it finds slipway.schema,
    and what it lacks; its programs come first on PATH.
    """
    python, told = interpreter.service(checkout), variables.of_service(checkout.project, settings)
    path = [told.get(VARIABLE) or os.environ.get(VARIABLE, ""), str(carried(checkout.project.state))]
    programs = [str(Path(python).parent), os.environ.get("PATH", "")]
    found = {VARIABLE: [*path, *map(str, folders(checkout))], "PATH": programs}
    return told | {name: os.pathsep.join(filter(None, value)) for name, value in found.items()}


def gunicorn_command(checkout: Checkout) -> list[str]:
    """Return the command that serves, with the project's gunicorn.conf.py or Slipway's; raises Problem."""
    command = [interpreter.service(checkout), "-m", "gunicorn"]
    if not _is_adopted(checkout.project):
        return command
    file = checkout.project.state / "files" / stage.GUNICORN
    file.parent.mkdir(parents=True, exist_ok=True)
    written.put(file, resources.template(stage.GUNICORN).encode())
    return [*command, "--config", str(file)]


def folders(checkout: Checkout) -> list[Path]:
    """Return the folder of what an adopted service's environment lacks, made where needed; none when it has all.

    Raises Problem.
    """
    project = checkout.project
    if not _is_adopted(project):
        return []
    python = interpreter.service(checkout)
    minor, has = _asked(python, tuple(dict.fromkeys([*NAMES.values(), "alembic"])))
    wanted = beneath.needed(project, has)
    lines = missing(resources.text(stage.PACKAGES), [name for name in wanted if NAMES[name] not in has])
    if not lines:
        return []
    name = hashlib.sha256("\n".join([minor, *lines]).encode()).hexdigest()[:16]
    folder = project.state / "supplied" / name
    if not folder.is_dir():
        _install(checkout, python, lines, folder)
    return [folder]


def _is_adopted(project: Project) -> bool:
    # A gunicorn.conf.py beside a Dockerfile of one's own is one's own as well.
    return adopted.has_packaged_files(project) or not (project.root / stage.GUNICORN).exists()


def missing(listed: str, names: Collection[str]) -> list[str]:
    """Return the lines of a list of packages that have these names, each of one line."""
    lines = listed.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line.partition("==")[0] in names]


def pip_command(python: str, listing: Path, target: Path) -> list[str]:
    """Return the command that installs what a file lists for a Python into a folder, each file checked by its hash."""
    exactly = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(listing)]
    pip = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--python", python]
    return [*pip, "install", "--quiet", "--target", str(target), *exactly]


@cache
def _asked(python: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    done = subprocess.run([python, "-I", "-c", ASK, *names], capture_output=True, text=True, check=True, timeout=SLOW)
    (major, minor), has = json.loads(done.stdout)
    return f"{major}.{minor}", tuple(has)


def _install(checkout: Checkout, python: str, lines: Sequence[str], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="new-", dir=folder.parent))
    try:
        with checkout.steps.step("packages", f"{', '.join(line.partition('==')[0] for line in lines)}, which it lacks"):
            (made / "packages.txt").write_text("\n".join(lines), encoding="utf-8")
            command = pip_command(python, made / "packages.txt", made)
            checkout.shell.output(command, failed="What serves the service could not be installed (see above).")
        made.chmod(0o755)
        if not folder.is_dir():
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
