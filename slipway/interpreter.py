"""The Python that runs the service's code: of its own environment, which is made when a verb first needs it."""

import functools
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from slipway.core import disk, given
from slipway.core.errors import Problem
from slipway.project.checkout import Checkout
from slipway.project.locks.find import find
from slipway.project.locks.package import Unusable
from slipway.virtualenv import install, installed, make
from slipway.virtualenv import python as pythons
from slipway.virtualenv import venv as environments
from slipway.virtualenv.python import Unfit
from slipway.virtualenv.venv import Refused, Venv

GIVEN = "SLIPWAY_SERVICE_VENV"  # names an environment that is used as it is
ACTIVE = "VIRTUAL_ENV"
MINORS = ((3, 13), (3, 14), (3, 12), (3, 11), (3, 10))
SHIM = '#!/bin/sh\nexec "$(dirname -- "$0")/../../inv" "$@"\n'  # so that `inv` is on PATH where .venv is active


def service(checkout: Checkout) -> str:
    """Return the service's Python; its environment is made, or brought up to date, if it has to be.

    It is the one that SLIPWAY_SERVICE_VENV names, as it is; else .venv; else one that is active, if it has what the
    lock file asks for. Raises Problem with what to do next.
    """
    given, active, asked = (os.environ.get(name, "") for name in (GIVEN, ACTIVE, "PYTHON"))
    return _service(checkout.root, checkout.project.lock, checkout.project.tests.extras, given, active, asked)


def folder(root: Path) -> Path:
    """Return the folder of the service's environment, which may not be there."""
    return Path(os.environ.get(GIVEN, "") or root / environments.SERVICE)


def program(checkout: Checkout, name: str) -> str:
    """Return the path of a program that the service's environment has, "" when it has none; raises Problem."""
    found = Path(service(checkout)).parent / name
    return str(found) if found.exists() else ""


@functools.cache
def _service(root: Path, lock: str, extras: tuple[str, ...], given: str, active: str, asked: str) -> str:
    if given:
        if Path(given) == Path(sys.prefix):
            return sys.executable
        if not (Path(given) / "bin/python").exists():
            raise Problem(f"{GIVEN}={given} has no bin/python: name another one, or none.")
        return str(Path(given) / "bin/python")
    try:
        found = find(root, lock)
        ours = environments.service(root, os.path.relpath(found, root), extras)
        if (other := _active(ours, active)) and make.serves(other, Path(install.base())):
            return str(other.python)
        make.make(ours, _base(ours, asked), asked)
    except (Refused, Unusable, FileNotFoundError) as refused:
        raise Problem(str(refused)) from None
    except OSError as error:
        raise Problem(f"{environments.SERVICE} could not be made: {disk.explained(error, root) or error}") from None
    _add_inv(ours)
    return str(ours.python)


def _active(ours: Venv, active: str) -> Venv | None:
    # Poetry's, which may be anywhere. One that is ours is looked at as such.
    known = {ours.path.resolve(), environments.own(ours.root).path.resolve()}
    if ours.path.exists() or not active or Path(active).resolve() in known or not Path(active, "pyvenv.cfg").exists():
        return None
    return Venv(ours.root, active, ours.lock, ours.groups, ours.requires, ours.why)


def _base(ours: Venv, asked: str) -> Path:
    # The Python to make it with; PYTHON counts, and whoever made it before may have had another one.
    if asked:
        found = shutil.which(asked)
        why = _unfit(ours, Path(found)) if found else "does not start"
        if found and not why:
            return Path(found)
        raise Refused(f"PYTHON cannot be used: {asked} {why}; name another one, or none")
    said = []
    for candidate in candidates(ours.root, os.environ):
        why = _unfit(ours, candidate)
        if not why:
            return candidate
        said.append(f"{candidate} {why}")
    raise Refused(
        f"no Python was found that the project takes ({said[0]}); install one, or name it: "
        "PYTHON=/path/to/python3 ./inv"
    )


def _unfit(ours: Venv, python: Path) -> str:
    try:
        version = pythons.ask(python).version
    except Unfit as error:
        return f"does not start ({error})"
    why = ours.excludes(version)
    return f"is Python {version}, and {why}" if why else ""


def candidates(root: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the Pythons that may be a project's: that of .python-version, Slipway's own, others on PATH or installed.

    Installed are those that pyenv and uv have.
    """
    there = installed.pythons(environ)
    named = root / ".python-version"
    version = named.read_text(encoding="utf-8", errors="replace").strip() if named.is_file() else ""
    if match := re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version):
        wanted = tuple(int(part) for part in match.groups() if part)
        yield from [there[wanted]] if wanted in there else []
        yield from _on_path(environ, wanted[:2])
        yield from (path for one, path in there.items() if one[:2] == wanted[:2])
    yield Path(install.base())
    yield from _on_path(environ, (3,), *MINORS)
    yield from (path for minor in MINORS for one, path in there.items() if one[:2] == minor)


def _on_path(environ: Mapping[str, str], *versions: tuple[int, ...]) -> Iterator[Path]:
    names = (f"python{'.'.join(map(str, version))}" for version in versions)
    found = (shutil.which(name, path=environ.get("PATH")) for name in names)
    yield from (Path(one) for one in found if one)


def _add_inv(ours: Venv) -> None:
    shim = ours.path / "bin" / "inv"
    if not shim.exists() and os.access(shim.parent, os.W_OK):
        shim.write_text(SHIM, encoding="utf-8")
        shim.chmod(0o755)
        given.give(shim, ours.root, within=False)
