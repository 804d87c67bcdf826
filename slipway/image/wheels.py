"""Which locked packages have a wheel for a base image."""

import contextlib
import platform
from collections.abc import Iterator

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from slipway.image.base import Base
from slipway.project.lockfile import Lockfile, Package

LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}  # PEP 600


def without_wheel(lock: Lockfile, base: Base, machine: str = "") -> list[str]:
    """Return the service's packages that pip would have to compile.

    `machine` is what `uname -m` says in the image (this machine's unless told). Names packages as "name version".
    https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    machine = machine or {"arm64": "aarch64"}.get(platform.machine(), platform.machine())  # macOS says arm64
    fitting = set(_tags(base, machine))
    where = environment(base.python, machine)
    missing = []
    for package in lock.of("main"):
        marker = package.marker(["main"])
        if package.folder or not package.names_files or (marker and not Marker(marker).evaluate(where)):
            continue  # of a folder, a wheel is built in any case; a list of hashes does not tell what they are of
        if not any(fitting & wheel for wheel in _wheels(package)):
            missing.append(f"{package.name} {package.version}")
    return missing


def environment(python: str, machine: str) -> dict[str, str]:
    """Return what markers are asked of in an image of a Python (3.13, or 3.13.2) on a machine."""
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python if python.count(".") > 1 else f"{python}.0",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "extra": "",
    }


def _wheels(package: Package) -> Iterator[frozenset[Tag]]:
    for file in package.files:
        with contextlib.suppress(InvalidWheelFilename):  # pip doesn't take it either
            yield parse_wheel_filename(file)[3]


def _tags(base: Base, machine: str) -> Iterator[Tag]:
    major, minor = (int("".join(filter(str.isdigit, part))) for part in base.python.split(".")[:2])
    platforms = list(_platforms(*base.libc, machine))
    yield from cpython_tags((major, minor), platforms=platforms)
    yield from compatible_tags((major, minor), f"cp{major}{minor}", platforms)


def _platforms(libc: str, version: tuple[int, int], machine: str) -> Iterator[str]:
    major, newest = version
    for minor in range(newest, -1, -1):
        if libc == "musl":
            yield f"musllinux_{major}_{minor}_{machine}"
        else:
            yield f"manylinux_{major}_{minor}_{machine}"
            if legacy := LEGACY.get((major, minor)):
                yield f"{legacy}_{machine}"
