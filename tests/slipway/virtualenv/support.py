"""Little packages in a folder that stands for an index, and a project that locks them."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from slipway.core import pip
from tests.support import ROOT

# Stands for Invoke: says who runs it.
INVOKE = "import sys; print('invoke', '.'.join(map(str, sys.version_info[:2])), *sys.argv[3:])\n"
# Stands for the verbs: it runs that.
VERBS = "import runpy\ndef run(root): runpy.run_module('invoke', run_name='__main__', alter_sys=True)\n"
# Stands for a verb that needs the service's environment.
MAKE = """
import os, sys
from pathlib import Path
from slipway.virtualenv import install, make, venv
try:
    make.make(venv.service(Path(sys.argv[1]), "poetry.lock"), Path(install.base()))
except venv.Refused as refused:
    sys.exit(f"inv: {refused}")
"""


def wheel(folder: Path, name: str, version: str = "1.0", module: str = "") -> Path:
    """Make a wheel of one package, whose `__main__` is a module."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{name}/__main__.py", module)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        paths = [*archive.namelist(), f"{about}/RECORD"]
        archive.writestr(f"{about}/RECORD", "".join(f"{path},,\n" for path in paths))
    return file


def locked(wheel: Path, keys: str = "") -> str:
    """Return the lines of a lock file about a wheel."""
    name, version = wheel.name.split("-")[:2]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    files = f'[{{file = "{wheel.name}", hash = "sha256:{digest}"}}]'
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\ngroups = ["main"]\nfiles = {files}\n{keys}\n'


def pinned(wheel: Path) -> str:
    """Return the line of slipway.lock about a wheel."""
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def index_of(project: "Project") -> dict[str, str]:
    """Return the variables by which packages come from a project's own index alone."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project.index), "PIP_CONFIG_FILE": os.devnull}


class Project:
    """A folder with the launcher, and an index of its own: a few little packages."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index = root / "index"
        shutil.copy(ROOT / "inv", root / "inv")
        (root / "slipway/verbs").mkdir(parents=True)
        for path in (ROOT / "slipway").iterdir():
            if path.name != "verbs":
                (root / "slipway" / path.name).symlink_to(path)
        (root / "slipway/verbs/main.py").write_text(VERBS)
        wheel(self.index, "invoke", module=INVOKE)
        found = pip.bundled()
        assert found, "Python comes with pip"
        shutil.copy(found, self.index)
        self.lock()

    def lock(self, *names: str, extra: str = "") -> None:
        """Lock Invoke, pip, and packages of these names, for Slipway and for the service; all are in the index.

        `extra` is what only the service's lock file has.
        """
        files = [next(self.index.glob("pip-*")), next(self.index.glob("invoke-*"))]
        files += [wheel(self.index, name) for name in names]
        end = '[metadata]\nlock-version = "2.1"\n'
        (self.root / "poetry.lock").write_text("\n".join([*map(locked, files), extra, end]))
        (self.root / "slipway.lock").write_text("\n".join(["# Slipway", "-e .", *map(pinned, files), ""]))

    def requires(self, python: str) -> None:
        """Say which Pythons the project takes."""
        (self.root / "pyproject.toml").write_text(f'[project]\nrequires-python = "{python}"\n')

    def venv(self, *, pip: bool = False) -> Path:
        """Make a .venv by hand."""
        command = [sys.executable, "-m", "venv", *([] if pip else ["--without-pip"]), str(self.root / ".venv")]
        subprocess.run(command, check=True)
        return self.root / ".venv"

    def site(self) -> Path:
        """Return the folder of .venv's packages."""
        return next(self.root.glob(".venv/lib/python*/site-packages"))

    def own_site(self) -> Path:
        """Return the folder of the packages of Slipway's own environment."""
        return next(self.root.glob(".slipway/venv/lib/python*/site-packages"))

    def has(self, *, own: bool = False) -> set[str]:
        """Return the packages in .venv, or in Slipway's own environment, but for pip."""
        site = self.own_site() if own else self.site()
        return {path.name.partition("-")[0] for path in site.glob("*.dist-info")} - {"pip"}

    def unpack(self, *names: str, own: bool = False, into: Path | None = None) -> None:
        """Put packages of the index into .venv, or into another environment, as somebody else's tool would."""
        for name in names:
            with zipfile.ZipFile(next(self.index.glob(f"{name}-*"))) as archive:
                archive.extractall(into or (self.own_site() if own else self.site()))

    def inv(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the launcher."""
        return self._run([str(self.root / "inv"), *args], env)

    def make(self, **env: str) -> subprocess.CompletedProcess[str]:
        """Make .venv from poetry.lock, as a verb that needs it does."""
        return self._run([sys.executable, "-c", MAKE, str(self.root)], {"PYTHONPATH": str(ROOT), **env})

    def _run(self, argv: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        given = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "PYTHONPATH")}
        given |= {**index_of(self), "PYTHONDONTWRITEBYTECODE": "", **env}
        return subprocess.run(argv, env=given, capture_output=True, text=True, check=False)
