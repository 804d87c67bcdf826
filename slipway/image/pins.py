"""What the builder of images installs before it reads the lock file: Poetry, pinned with all that it needs.

Poetry writes the list that everything else is checked by. Nothing checks Poetry but the hashes in this file, which is
changed on demand alone.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.image.base import Base
from slipway.image.wheels import without_wheel
from slipway.project.checkout import Checkout
from slipway.project.lockfile import Lockfile, Unusable
from slipway.project.locks.package import PYPI as PYPI

FILE = "slipway/image/poetry.txt"  # of Slipway; the Dockerfile and .dockerignore name it as well
WANTED = {"poetry": ">=2.5,<3", "poetry-plugin-export": ">=1.10,<2"}
PYTHON = ">=3.11,<4"  # of any base image
# The oldest of each C library, and the machines that images are built for.
BASES = tuple(Base(f"3.{minor}", variant) for variant in ("slim-bookworm", "alpine") for minor in (11, 12, 13))
MACHINES = ("x86_64", "aarch64")
HEAD = """\
# Poetry and its export plugin, with all that they need, for the stage of the Dockerfile that lists an image's packages.
# Made by `./inv pins --update`, for every Python and platform; the hashes are those of all files of a version.
"""


@dataclass(frozen=True)
class Pins:
    """What is pinned: packages with their versions, and how many files of theirs have a hash."""

    versions: Mapping[str, str]
    files: int

    @property
    def wanted(self) -> list[str]:
        """What is asked for, with its version; the rest is what that needs."""
        return [f"{name} {self.versions[name]}" for name in WANTED]


def read(root: Path) -> Pins:
    """Read what is pinned for a project: by the Slipway that lies in it, or else by this one.

    Raises Problem when there is no such file, or what is asked for is not in it.
    """
    try:
        text = _listing(root).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Problem(f"There is no {FILE} in {root}: git checkout {FILE}") from None
    lines = [line for line in text.splitlines() if "==" in line]
    versions = dict(line.split()[0].split("==") for line in lines)
    if missing := WANTED.keys() - versions.keys():
        raise Problem(f"{FILE} has no {', '.join(sorted(missing))}: git checkout {FILE}")
    return Pins(versions, text.count("--hash="))


def are_of_project(root: Path) -> bool:
    """Tell whether the pins are a project's to raise: Slipway lies in it. Elsewhere they come with Slipway."""
    return (root / FILE).parent.is_dir()


def changes(before: Pins, after: Pins) -> list[str]:
    """Return a line for each package whose version is another, the wanted ones first."""
    names = sorted({*before.versions, *after.versions}, key=lambda name: (name not in WANTED, name))
    pairs = [(name, before.versions.get(name, "-"), after.versions.get(name, "-")) for name in names]
    return [f"{name} {old} -> {new}" for name, old, new in pairs if old != new]


def update(checkout: Checkout) -> Pins:
    """Pin the newest versions.

    The Poetry that is pinned chooses them, from the index that pip is told to use. Raises Problem, and then the file is
    as it was.
    """
    read(checkout.root)
    with tempfile.TemporaryDirectory(prefix="slipway-pins-") as name:
        folder = Path(name)
        with checkout.steps.step("poetry", "as it is pinned, in an environment of its own"):
            poetry = _install(checkout.shell, checkout.root, folder / "venv")
        with checkout.steps.step("lock", ", ".join(f"{name} {wanted}" for name, wanted in WANTED.items())):
            text = _lock(checkout.shell, poetry, folder)
    (checkout.root / FILE).write_text(text, encoding="utf-8")
    return read(checkout.root)


def venv_command(folder: Path) -> list[str]:
    """Return the command that makes a virtual environment."""
    return [sys.executable, "-m", "venv", str(folder)]


def install_command(python: Path, listing: Path) -> list[str]:
    """Return the command that installs exactly what a file lists: checked by its hashes, nothing compiled.

    What is compiled is built by packages that no hash checks.
    """
    exactly = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    return [str(python), "-m", "pip", "--disable-pip-version-check", "install", *exactly, "--requirement", str(listing)]


def index_command() -> list[str]:
    """Return the command that lists how pip is configured."""
    return [sys.executable, "-m", "pip", "config", "list"]


def index(said: str) -> str:
    """Return the address of pip's package index.

    Takes what `pip config list` prints; a variable wins over the user's file, and that over the machine's.
    """
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    names = (":env:.index-url", "install.index-url", "global.index-url")
    return next((found[name].strip("'\"") for name in names if name in found), PYPI)


def project(url: str) -> str:
    """Return a pyproject.toml that asks for what is wanted, from an index."""
    wanted = ", ".join(json.dumps(f"{name}{versions}") for name, versions in WANTED.items())
    return "\n".join(
        [
            '[project]\nname = "builder"\nversion = "0"',
            f'requires-python = "{PYTHON}"\ndependencies = [{wanted}]',
            "[tool.poetry]\npackage-mode = false",
            f'[[tool.poetry.source]]\nname = "index"\nurl = {json.dumps(url)}\npriority = "primary"\n',
        ]
    )


def listing(requirements: Sequence[str]) -> str:
    """Return the file's text, a hash a line."""
    return HEAD + "".join(line.replace(" --hash=", " \\\n    --hash=") + "\n" for line in requirements)


def uncovered(lock: Lockfile) -> list[str]:
    """Return a line for each base image where a locked package would have to be compiled, which it is not."""
    where = ((base, machine) for base in BASES for machine in MACHINES)
    missing = {f"{base.name} on {machine}": without_wheel(lock, base, machine) for base, machine in where}
    return [f"{place} has no wheel of {', '.join(names)}" for place, names in missing.items() if names]


def _listing(root: Path) -> Traversable:
    return root / FILE if are_of_project(root) else resources.files("slipway.image") / Path(FILE).name


def _install(shell: Shell, root: Path, venv: Path) -> Path:
    shell.output(venv_command(venv), failed="Python's venv module does not work.")
    failed = f"The Poetry of {FILE} could not be installed."
    shell.output(install_command(venv / "bin" / "python", root / FILE), echo=True, failed=failed)
    return venv / "bin" / "poetry"


def _lock(shell: Shell, poetry: Path, folder: Path) -> str:
    url = index(shell.output(index_command()))
    if password := urlsplit(url).password:
        shell.steps.secrets.add(password)
    (folder / "pyproject.toml").write_text(project(url), encoding="utf-8")
    # Its own settings and cache: the user's may name other indexes, and a keyring would ask.
    own = {"POETRY_CONFIG_DIR": str(folder / "config"), "POETRY_CACHE_DIR": str(folder / "cache")}
    own |= {"POETRY_KEYRING_ENABLED": "false", "POETRY_VIRTUALENVS_CREATE": "false"}
    command = [str(poetry), "lock", "--no-interaction", "--no-ansi"]
    shell.output(command, env=own, cwd=folder, echo=True, failed="Poetry could not be locked (see above).")
    try:
        lock = Lockfile.read(folder)
        for line in uncovered(lock):
            shell.steps.say(f"  {line}: the image cannot be built there")
        return listing(lock.requirements("main"))
    except Unusable as error:
        raise Problem(f"What was locked cannot be used: {error}.") from None
