"""What was asked of `inv release`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from slipway.core.errors import Problem
from slipway.image.build import Options, read_secret
from slipway.project import semver

PATCH = "patch"  # what is raised unless told


@dataclass(frozen=True)
class Wanted:
    """What was asked for.

    A part to raise or a version, gates to skip, secrets for the build, no images.
    """

    part: str = ""
    version: str = ""
    skip: tuple[str, ...] = ()
    build: Options = field(default_factory=Options)
    tag_only: bool = False


def read(part: str, version: str, skip: Sequence[str], secrets: Sequence[str], tag_only: bool) -> Wanted:
    """Read the options of the command line; raises Problem."""
    if part and version:
        raise Problem("--part and --version exclude each other.")
    if version:
        semver.parse(version)
    if part:
        semver.raised("0.0.0", part)
    return Wanted(part, version, tuple(skip), Options(tuple(map(read_secret, secrets))), tag_only)
