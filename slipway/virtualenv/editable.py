"""Packages that are folders: they are imported from where they lie."""

from collections.abc import Iterable, Sequence

from slipway.project import folders
from slipway.project.lockfile import Lockfile, Unusable, canonical
from slipway.virtualenv.install import OFFLINE, Failed, Installer
from slipway.virtualenv.venv import Refused


def builders(lock: Lockfile, groups: Sequence[str]) -> list[str]:
    """Return pip's lines for what builds the folders in groups of a lock file; raises Refused with what to do."""
    try:
        return folders.builders(lock, lock.of(*groups))
    except Unusable as error:
        raise Refused(str(error)) from None


def need_index(builders: Sequence[str], offline: str) -> None:
    """Raise Failed when this has to be fetched, and there is no network, which `offline` says; no cache is asked."""
    if builders and offline:
        raise Failed(OFFLINE.format(offline))


def install(
    installer: Installer, lock: Lockfile, groups: Sequence[str], names: Iterable[str], builders: Sequence[str]
) -> None:
    """Install those of these packages that are folders; raises Failed."""
    wanted = set(names)
    ours = (one for one in lock.of(*groups) if one.folder and canonical(one.name) in wanted)
    if paths := [lock.path.parent / one.folder for one in ours]:
        installer.give_pip()
        installer.install_folders(paths, builders)
