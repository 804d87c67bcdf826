"""Which Python it is, and whether it is one that the project takes."""

import json
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.project import metadata
from slipway.project.locks import pep440

OLDEST, OWN = ">=3.11", "Slipway needs 3.11 or newer"  # itself, whatever the project says
PROJECT = 'pyproject.toml has requires-python = "{}"'
SLOW = 60  # seconds; a Python that takes longer does not start
# What an interpreter says of itself: also one that is older than Slipway takes.
ASK = """\
import _imp, json, os, platform, sys, sysconfig
json.dump({
    "version": platform.python_version(), "prefix": sys.base_prefix, "extensions": _imp.extension_suffixes()[0],
    "library": os.__file__, "sites": sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
    "where": {
        "python_version": "%d.%d" % sys.version_info[:2], "python_full_version": platform.python_version(),
        "platform_machine": platform.machine(), "platform_system": platform.system(), "os_name": os.name,
        "platform_python_implementation": platform.python_implementation(), "sys_platform": sys.platform,
        "implementation_name": sys.implementation.name, "implementation_version": platform.python_version(),
        "platform_release": platform.release(), "platform_version": platform.version(), "extra": "",
    },
}, sys.stdout)
"""


class Unfit(Exception):
    """A Python that does not start."""


@dataclass(frozen=True)
class Python:
    """An interpreter: its version, where it is installed, how its extension modules end, a file of its library.

    `sites` are the folders of its packages, `where` has the values of the variables of markers.
    """

    version: str
    prefix: str
    extensions: str
    library: str
    sites: tuple[Path, ...]
    where: Mapping[str, str]

    @property
    def minor(self) -> str:
        """The version without its last number: 3.13."""
        return self.where["python_version"]


def ask(python: Path) -> Python:
    """Return what an interpreter says of itself; raises Unfit when it doesn't."""
    try:
        done = subprocess.run([str(python), "-I", "-c", ASK], capture_output=True, text=True, check=True, timeout=SLOW)
        said = json.loads(done.stdout)
    except OSError as error:
        raise Unfit(error.strerror or str(error)) from None
    except subprocess.CalledProcessError as error:
        raise Unfit(next(reversed(error.stderr.strip().splitlines()), f"status {error.returncode}")) from None
    except (subprocess.TimeoutExpired, ValueError):
        raise Unfit("it does not say what it is") from None
    return Python(**{**said, "sites": tuple(map(Path, said["sites"]))})


def wanted(root: Path) -> str:
    """Return `requires-python` of a project's pyproject.toml, "" without one that can be read."""
    try:
        document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        found = metadata.of(document).get("requires-python")
        return found if isinstance(found, str) else ""
    except (OSError, ValueError):
        return ""  # what else is wrong with it, the verb will say


def excluded(version: str, requires: str, why: str = PROJECT) -> str:
    """Return why a Python of a version is not one that is required, "" if it is.

    In `why`, {} stands for what is required.
    """
    try:
        fits = pep440.allows(requires, version)
    except ValueError:
        return ""
    return "" if fits else why.format(requires)
