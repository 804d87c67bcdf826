"""Slipway's own part of a build: whether the Dockerfile finds it, and whether it is what slipway.lock says."""

import hashlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from slipway.core.errors import Problem
from slipway.image import pins, vendored
from slipway.image.context import unseen
from slipway.template import own

FILES = (pins.FILE, vendored.SCRIPT)
UPGRADE = "./inv upgrade"


def check(root: Path, seen: Collection[PurePosixPath], dockerfile: str) -> None:
    """Refuse a build that would not find Slipway, or another one than the locked one.

    Takes the files that .dockerignore lets through, and the Dockerfile's text. Raises Problem.
    """
    named = [file for file in FILES if file in dockerfile]
    if own.NAME in dockerfile:
        line = _line(root, seen)
        if line.startswith("./"):
            _check_wheel(root, line, seen)
        if line != own.SOURCE:
            return
    for file in named:
        if not (root / file).exists():
            raise Problem(f"There is no {file} in {root}: git checkout {file}")
        if PurePosixPath(file) not in seen:
            raise Problem(unseen(file))
    if pins.FILE in named:
        pins.read(root)


def _line(root: Path, seen: Collection[PurePosixPath]) -> str:
    path = root / own.NAME
    if not path.exists():
        raise Problem(f"There is no {own.NAME} in {root}: git checkout {own.NAME}")
    if PurePosixPath(own.NAME) not in seen:
        raise Problem(unseen(own.NAME))
    try:
        return own.read(path.read_text(encoding="utf-8"))[0]
    except ValueError as error:
        raise Problem(f"{error} Put it back: git checkout {own.NAME}") from None


def _check_wheel(root: Path, line: str, seen: Collection[PurePosixPath]) -> None:
    name, _, digest = line.partition(" --hash=sha256:")
    file = PurePosixPath(name)
    if not (root / file).is_file():
        raise Problem(f"Slipway comes from {file}, which is not there: git checkout {file}")
    if file not in seen:
        raise Problem(unseen(file))
    if hashlib.sha256((root / file).read_bytes()).hexdigest() != digest.strip():
        raise Problem(f"{file} is not the file that {own.NAME} names: git checkout {file} {own.NAME}, or {UPGRADE}")
