"""Which Slipway a project has, as slipway.lock says, and where the wheels of that one and of another come from."""

import hashlib
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.limits import Limit
from slipway.core.shell import Shell
from slipway.template import own, protocol
from slipway.template import wheel as wheels
from slipway.template.protocol import MADE_BY, Made
from slipway.virtualenv.install import Failed, base_pip

LOCK, PACKAGE = own.NAME, own.DISTRIBUTION
WHEEL = re.compile(r"slipway_tasks-(?P<version>[^-]+)-(?:[0-9][^-]*-)?[^-]+-[^-]+-[^-]+\.whl")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
VENDOR = wheels.FOLDER
FETCHED = Limit(still=60)  # an index that says nothing for so long won't
MADE = Limit(60)
BEGIN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('slipway.template', run_name='__main__')"
)


@dataclass(frozen=True)
class Locked:
    """What slipway.lock says: the line that names Slipway, and the words that made the project, () where it doesn't."""

    line: str
    made_by: tuple[str, ...] = ()

    @classmethod
    def read(cls, root: Path) -> "Locked":
        """Read a project's; raises Problem."""
        try:
            text = (root / LOCK).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise Problem(f"There is no {LOCK} in {root}: `slipway adopt` makes one. Nothing was changed.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise Problem(f"{root / LOCK} cannot be read: {error}. Nothing was changed.") from None
        lines = [line.strip() for line in text.splitlines()]
        first = next((line for line in lines if line and not line.startswith("#")), "")
        noted = next((line.removeprefix(MADE_BY) for line in lines if line.startswith(MADE_BY)), "")
        found = cls(first, tuple(shlex.split(noted)))
        if not found.is_folder and not found.version:
            raise Problem(f"{LOCK} does not name Slipway in its first line, {first!r}. Nothing was changed.")
        return found

    @property
    def is_folder(self) -> bool:
        """Whether Slipway's source lies in the project itself."""
        return self.line.split()[:1] == ["-e"]

    @property
    def file(self) -> str:
        """The path of its wheel in the project, "" when it comes from an index."""
        word = self.line.split()[0] if self.line else ""
        is_inside = word.endswith(".whl") and not word.startswith("/") and ".." not in Path(word).parts
        return word.removeprefix("./") if is_inside else ""

    @property
    def version(self) -> str:
        """Its version, "" where that isn't said."""
        if self.file:
            named = WHEEL.fullmatch(Path(self.file).name)
            return named["version"] if named else ""
        found = re.match(rf"{PACKAGE}\s*==\s*([^\s;]+)", self.line)
        return found[1] if found else ""

    @property
    def hashes(self) -> list[str]:
        """The SHA-256 that its wheel may have."""
        return HASH.findall(self.line)


@dataclass(frozen=True)
class Wheel:
    """A wheel of Slipway at hand."""

    file: Path
    version: str
    hash: str

    @classmethod
    def of(cls, file: Path) -> "Wheel":
        """Return what a file is; raises Problem where it is no wheel of Slipway."""
        named = WHEEL.fullmatch(file.name)
        if not named:
            raise Problem(f"{file} is no wheel of Slipway: those are called {PACKAGE.replace('-', '_')}-VERSION-….whl.")
        try:
            return cls(file, named["version"], hashlib.sha256(file.read_bytes()).hexdigest())
        except OSError as error:
            raise Problem(f"{file} cannot be read: {error.strerror}.") from None

    def line(self, folder: str) -> str:
        """Return how slipway.lock names it: in this folder of the project, "" for from an index."""
        named = f"./{folder}/{self.file.name}" if folder else f"{PACKAGE}=={self.version}"
        return f"{named} --hash=sha256:{self.hash}"


def download(shell: Shell, version: str, into: Path, hashes: tuple[str, ...] = ()) -> Wheel:
    """Fetch a version's wheel from the index that pip knows; raises Problem."""
    into.mkdir(parents=True, exist_ok=True)
    wanted = into / "wanted.txt"
    named = "".join(f" --hash=sha256:{one}" for one in hashes)
    wanted.write_text(f"{PACKAGE}=={version}{named}\n", encoding="utf-8")
    failed = f"{PACKAGE} {version} could not be fetched. A wheel of it is as good: --wheel FILE"
    try:
        pip = base_pip()
    except Failed:
        raise Problem(f"There is no pip here, which could fetch it. {failed}") from None
    shell.output(download_command(pip, wanted, into), failed=failed, limit=FETCHED)
    found = list(into.glob("*.whl"))
    if len(found) != 1:
        raise Problem(failed)
    return Wheel.of(found[0])


def download_command(pip: list[str], wanted: Path, into: Path) -> list[str]:
    """Return the command that fetches what a file names, and nothing that this needs in turn."""
    how = ("--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet")
    return [*pip, "download", *how, "--dest", str(into), "--requirement", str(wanted)]


def before(shell: Shell, root: Path, locked: Locked, into: Path) -> Wheel:
    """Return the wheel of the version that the project has; raises Problem with why it cannot be had."""
    if not locked.file:
        return download(shell, locked.version, into, tuple(locked.hashes))
    found = Wheel.of(root / locked.file)
    if found.hash not in locked.hashes:
        raise Problem(f"{locked.file} is not the one that {LOCK} names: its hash is another.")
    return found


def made(shell: Shell, wheel: Wheel, made_by: tuple[str, ...], line: str) -> Made:
    """Ask a wheel what it writes into a project; raises Problem."""
    failed = f"Slipway {wheel.version} does not say what it writes into a project."
    command = made_command(wheel.file)
    said = shell.output(command, given=protocol.asked(made_by, line), failed=failed, limit=MADE)
    try:
        found = protocol.read(said)
    except ValueError as error:
        raise Problem(f"{error}\n{failed}") from None
    if found.version != wheel.version:
        raise Problem(f"{wheel.file.name} has Slipway {found.version} in it, and is called {wheel.version}.")
    return found


def made_command(wheel: Path) -> list[str]:
    """Return the command that asks a wheel; it has nothing of this environment's code but the interpreter."""
    return [sys.executable, "-I", "-c", BEGIN, str(wheel)]
