"""What was asked of `inv release`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.core.caller import expanded
from slipway.core.errors import Problem
from slipway.image.build import Options, read_secret
from slipway.project import semver

PATCH = "patch"  # what is raised unless told


@dataclass(frozen=True)
class Wanted:
    """What was asked for.

    A part to raise or a version, gates to skip, secrets for the build, no images. `save` is the folder where what has
    passed the gates is written, instead of being published; `load` the one where it is read, instead of passing them.
    """

    part: str = ""
    version: str = ""
    skip: tuple[str, ...] = ()
    build: Options = field(default_factory=Options)
    tag_only: bool = False
    save: Path | None = None
    load: Path | None = None

    @property
    def publishes(self) -> bool:
        """Whether images are published; else another machine does that."""
        return not (self.tag_only or self.save)

    @property
    def unpublished(self) -> str:
        """The option by which another machine publishes them, "" for none."""
        return "--tag-only" if self.tag_only else "--save" if self.save else ""


def read(
    part: str, version: str, skip: Sequence[str], secrets: Sequence[str], tag_only: bool, save: str = "", load: str = ""
) -> Wanted:
    """Read the options of the command line; raises Problem."""
    if sum(map(bool, (tag_only, save, load))) > 1:
        raise Problem("--tag-only, --save and --load exclude each other.")
    if (save or load) and (part or version):
        raise Problem("--save and --load are of the version that is tagged here: without --part and --version.")
    if part and version:
        raise Problem("--part and --version exclude each other.")
    if version:
        semver.parse(version)
    if part:
        semver.raised("0.0.0", part)
    options = Options(tuple(map(read_secret, secrets)))
    return Wanted(part, version, tuple(skip), options, tag_only, _folder(save), _folder(load))


def _folder(text: str) -> Path | None:
    return expanded(text).absolute() if text else None
