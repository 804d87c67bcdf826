"""What has changed for users from version to version: the changelog, with what the next release will put there."""

from pathlib import Path

from slipway import __version__
from slipway.core import resources
from slipway.template import own
from slipway.template.make import RELEASES

NAME = "slipway-changes.md"  # in the archive
CHANGELOG = "CHANGELOG.md"
FOLDER = "changelog.d"  # of files called NAME.KIND.md, see [tool.towncrier] in pyproject.toml
KINDS = ("security", "added", "changed", "deprecated", "removed", "fixed")


def shipped() -> str:
    """Return the changelog that this Slipway came with."""
    files = resources.packaged()
    return read(own.repository()) if files is None else files[NAME].decode()


def read(root: Path) -> str:
    """Return the changelog of Slipway's own repository; what is in no release yet is this version's."""
    text = (root / CHANGELOG).read_text(encoding="utf-8")
    coming = [f"### {kind.capitalize()}\n\n{''.join(found)}" for kind in KINDS if (found := list(_of(root, kind)))]
    section = f"\n## {__version__} (not released yet)\n\n" + "\n".join(coming) if coming else ""
    before, marker, after = text.partition(RELEASES)
    return f"{before}{marker}{section}{after}" if marker else f"{text}{section}"


def _of(root: Path, kind: str) -> list[str]:
    files = sorted((root / FOLDER).glob(f"*.{kind}.md"))
    return ["- " + file.read_text(encoding="utf-8").strip().replace("\n", "\n  ") + "\n" for file in files]
