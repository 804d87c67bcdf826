"""The base image: which versions and variants of `python` there are."""

import difflib
import re
from dataclasses import dataclass

from slipway.core.errors import Problem
from slipway.project import lockfile
from slipway.project.config import Project
from slipway.project.locks import pep440

# https://hub.docker.com/_/python: the variants, and how each begins
SUITES = {"bookworm": (2, 36), "trixie": (2, 41)}  # Debian's releases, and the version of their glibc
KNOWN = ("slim", "full", "alpine", *SUITES, *(f"slim-{suite}" for suite in SUITES))
NEWEST = "trixie"  # what slim and full stand for
REFUSED = {
    "windowsservercore": "it is Windows, where gunicorn does not run (it forks its workers)",
    "nanoserver": "it is Windows, where gunicorn does not run (it forks its workers)",
    "onbuild": "it ended in 2016, and would copy the folder and install requirements.txt on its own, before the "
    "Dockerfile's first line",
}


@dataclass(frozen=True)
class Base:
    """One base image, like 3.13 and slim."""

    python: str
    variant: str

    @property
    def suffix(self) -> str:
        """What follows the version in the image's tag: the full image has nothing."""
        return "" if self.variant == "full" else self.variant

    @property
    def name(self) -> str:
        """The image, like python:3.13-slim."""
        return f"python:{self.python}-{self.suffix}" if self.suffix else f"python:{self.python}"

    @property
    def libc(self) -> tuple[str, tuple[int, int]]:
        """The C library that wheels have to fit, and its version."""
        if self.variant.startswith("alpine"):
            return "musl", (1, 2)
        return "glibc", SUITES.get(self.variant.removeprefix("slim-"), SUITES[NEWEST])


def choose(project: Project, python: str = "", variant: str = "") -> Base:
    """Return the base image that was asked for, else the project's.

    Raises Problem when there is none like that, or when the service cannot run on it.
    """
    chosen = Base(python or project.python, variant or project.variant)
    _check_variant(chosen.variant, "--variant" if variant else "[tool.slipway] variant =")
    _check_python(chosen.python, "--python" if python else "[tool.slipway] python =", project.requires_python)
    return chosen


def _check_variant(variant: str, named: str) -> None:
    for refused, why in REFUSED.items():
        if variant.startswith(refused):
            raise Problem(f"{named} {variant} cannot be built: {why}. Take one of {', '.join(KNOWN)}.")
    if variant not in KNOWN and not re.fullmatch(r"alpine3\.\d+", variant):
        close = difflib.get_close_matches(variant, KNOWN, n=1)
        hint = f"did you mean {close[0]}?" if close else f"take one of {', '.join(KNOWN)}, or alpine3.N."
        raise Problem(f"{named} {variant!r} is no variant of the image python: {hint}")


def _check_python(python: str, named: str, required: str) -> None:
    if not re.fullmatch(r"3\.\d+(\.\d+)?((a|b|rc)\d+)?", python):
        raise Problem(f"{named} {python!r} is no version of Python, like 3.13.")
    newest = f"{python}.99" if re.fullmatch(r"\d+\.\d+", python) else python  # 3.11 is the newest 3.11.x
    try:
        takes = any(pep440.allows(required, version) for version in (python, newest))
    except ValueError:
        raise Problem(f"pyproject.toml: requires-python = {required!r} is no list of versions, like >=3.11.") from None
    if not takes:
        raise Problem(
            f"{named} {python}: pyproject.toml takes requires-python = {required!r}. "
            f"Take another version, or widen it and run {lockfile.LOCK}."
        )
