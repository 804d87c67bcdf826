"""Little packages in a folder that stands for an index, and a project that locks them."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from slipway.virtualenv.install import bundled_pip
from tests.support import ROOT

# Stands for Invoke: says who runs it.
INVOKE = "import sys; print('invoke', '.'.join(map(str, sys.version_info[:2])), *sys.argv[3:])\n"
# Stands for the verbs: it runs that.
VERBS = "import runpy; runpy.run_module('invoke', run_name='__main__', alter_sys=True)\n"


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


def lock(root: Path, *packages: str) -> None:
    """Write the lock file of a project."""
    (root / "poetry.lock").write_text("\n".join([*packages, '[metadata]\nlock-version = "2.1"\n']))


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
        (root / "slipway/verbs/__main__.py").write_text(VERBS)
        wheel(self.index, "invoke", module=INVOKE)
        found = bundled_pip()
        assert found, "Python comes with pip"
        shutil.copy(found, self.index)
        self.lock()

    def lock(self, *names: str, extra: str = "") -> None:
        """Lock Invoke, pip, and packages of these names; all are in the index."""
        files = [next(self.index.glob("pip-*")), next(self.index.glob("invoke-*"))]
        lock(self.root, *map(locked, [*files, *(wheel(self.index, name) for name in names)]), extra)

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

    def has(self) -> set[str]:
        """Return the packages in .venv, but for pip."""
        return {path.name.partition("-")[0] for path in self.site().glob("*.dist-info")} - {"pip"}

    def unpack(self, *names: str) -> None:
        """Put packages of the index into .venv as somebody else's tool would."""
        for name in names:
            with zipfile.ZipFile(next(self.index.glob(f"{name}-*"))) as archive:
                archive.extractall(self.site())

    def inv(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the launcher."""
        given = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "PYTHONPATH")}
        given |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index), "PIP_CONFIG_FILE": os.devnull}
        given |= {"PYTHONDONTWRITEBYTECODE": "", **env}
        return subprocess.run([self.root / "inv", *args], env=given, capture_output=True, text=True, check=False)
