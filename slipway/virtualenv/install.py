"""How packages get into a virtual environment, and out of it: with uv where that can be had, else with pip."""

import contextlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from slipway.core import disk, pip
from slipway.virtualenv import configuration, contact, judge, packages, uv
from slipway.virtualenv.configuration import Untranslatable
from slipway.virtualenv.progress import Progress, reasons
from slipway.virtualenv.venv import Venv

NO_VENV = "Python's venv module does not work; on Debian and Ubuntu: sudo apt install python3-venv"
NO_PIP = "see pip's message above (pip's own configuration names a proxy or a mirror), then run ./inv again"
OFFLINE = (
    "no package index can be reached ({}): connect to the network, or name a proxy or a mirror in pip's configuration"
)
NO_BUILD = (
    "see pip's message above; what builds a folder comes from the lock file: poetry add --group build NAME; then run "
    "./inv again"
)
EXACTLY = ("--no-deps", "--require-hashes", "--progress-bar", "off", "--requirement")
DEFAULT = "import sys; from pip._internal.models.index import PyPI; sys.stdout.write(PyPI.simple_url)"


class Failed(Exception):
    """A program that failed, having printed why: what to do."""


def base() -> str:
    """Return the Python that this one's own environment was made with, if it has one: it outlives that."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def clear(venv: Path) -> None:
    """Empty a virtual environment; one that is half empty is still known as one."""
    order = sorted(venv.iterdir(), key=lambda one: (one.name == "pyvenv.cfg", one.name != "bin"))
    for one in order:
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


def create(venv: Path, python: Path) -> None:
    """Make a virtual environment of a Python, without pip; raises Failed."""
    _run(venv, Progress(), [str(python), "-m", "venv", "--without-pip", str(venv)], NO_VENV)


def base_pip() -> list[str]:
    """Return how the base's own pip is run, or the one in the wheel, which is compiled at each call; raises Failed."""
    if sys.prefix == sys.base_prefix and importlib.util.find_spec("pip"):
        return [base(), "-m", "pip"]
    if wheel := pip.bundled():
        return [base(), str(wheel / "pip")]
    raise Failed(NO_VENV)


def configured() -> dict[str, str]:
    """Return pip's configuration, with the address of its own index as `default`; nothing of a pip that cannot tell."""
    try:
        found = base_pip()
    except Failed:
        return {}
    status, said = Progress().run([*found, "config", "list"])
    env = {**os.environ, **({"PYTHONPATH": str(Path(found[1]).parent)} if len(found) == 2 else {})}
    own, url = Progress().run([base(), "-c", DEFAULT], env)
    return configuration.read("" if status else said) | ({} if own else {"default": url.strip()})


def offline(config: Mapping[str, str]) -> str:
    """Return why nothing that pip would ask can be reached, "" if it can.

    Raises Failed where nothing can be done then.
    """
    why = contact.offline(contact.places(config, config.get("default", ""), os.environ))
    if why and not uv.on_path():  # which may have everything in its cache
        raise Failed(OFFLINE.format(why))
    return why


class Installer:
    """Installs into one: the folders of its packages, how many there will be, how pip is configured.

    `offline` is why there is no network, "" if there is one.
    """

    def __init__(
        self, venv: Venv, sites: Sequence[Path], total: int, config: Mapping[str, str], offline: str = ""
    ) -> None:
        self.python = venv.python
        self.venv = venv.path
        self.root = venv.root
        self.sites = sites
        self.config = config
        self.offline = offline
        self.progress = Progress(f"inv: making {venv.folder}", total, sites)

    def pip_command(self, *arguments: str) -> list[str]:
        """Return a command of its pip, or of the one that came with Python; raises Failed without either.

        One that came with this Python may not start on the environment's: that gets its own.
        """
        its = ["-m", "pip"]
        if not packages.has_pip(self.sites):
            mine = "{}.{}".format(*sys.version_info)
            wheel = pip.bundled() if judge.made_with(self.venv) == mine else None
            its = [str(wheel / "pip")] if wheel else its
            if not wheel:
                self.give_pip()
        return [str(self.python), *its, "--disable-pip-version-check", *arguments]

    def give_pip(self) -> None:
        """Install the pip that came with Python, if there is none; raises Failed."""
        if not packages.has_pip(self.sites):
            _run(self.venv, self.progress, [str(self.python), "-m", "ensurepip", "--default-pip"], NO_VENV)

    def install(self, lines: Sequence[str], names: Iterable[str], fetch: bool) -> None:
        """Install what these lines list, packages of these names, each file checked by its hash.

        With `fetch`, the uv that slipway.lock pins is downloaded for that, where there is none. Raises Failed.
        """
        with self._scratch() as folder:
            listing = folder / "packages.txt"
            listing.write_text("\n".join(lines), encoding="utf-8")
            if self._with_uv(lines, set(names), fetch, folder):
                return
            if self.offline:
                raise Failed(OFFLINE.format(self.offline))
            _run(
                self.venv,
                self.progress,
                self.pip_command("install", "--no-compile", *EXACTLY, str(listing)),
                NO_PIP,
                installs=True,
            )

    def install_folders(self, folders: Iterable[Path], builders: Sequence[str]) -> None:
        """Let packages be imported from their folders, as they lie there; pip is there.

        `builders` list what builds them, which is installed for that alone, checked by its hashes. Raises Failed.
        """
        with self._scratch() as scratch:
            listing = scratch / "packages.txt"
            listing.write_text("\n".join(builders), encoding="utf-8")
            fetch = ["download", "--dest", str(scratch), "--only-binary", ":all:", *EXACTLY, str(listing)]
            _run(self.venv, self.progress, self.pip_command(*fetch), NO_PIP)
            for folder in folders:
                there = ["--no-index", "--find-links", str(scratch)]
                command = ["install", "--no-deps", *there, "--editable", str(folder)]
                _run(self.venv, self.progress, self.pip_command(*command), NO_BUILD)

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        # A folder for a while; what a run that was killed has left of it goes. It is for who has the lock beside it.
        folder = self.root / ".slipway" / "installer"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _with_uv(self, lines: Sequence[str], names: set[str], fetch: bool, folder: Path) -> bool:
        program, line = uv.on_path(), uv.pinned(self.root) if fetch and not self.offline else []
        if not program and not line:
            return False
        try:
            given = configuration.translate(self.config, os.environ, names)
        except Untranslatable as error:
            _say(f"uv is not used: it doesn't know {error} of pip's configuration")
            return False
        if not (program := program or self._fetched(line, folder)):
            return False
        listing = folder / "packages-uv.txt"
        listing.write_text("\n".join([*given.lines, *lines]), encoding="utf-8")
        command = uv.install_command(program, self.python, listing, given)
        env = {**given.env, **uv.cache(given.env), **({"UV_OFFLINE": "1"} if self.offline else {})}
        status, said = self.progress.run(command, env, installs=True)
        if status and not self.offline:
            _say(f"uv could not install it, so pip tries: {reasons(said).strip() or f'status {status}'}")
        return not status

    def _fetched(self, line: Sequence[str], folder: Path) -> Path | None:
        listing = folder / "uv.txt"
        listing.write_text("\n".join(line), encoding="utf-8")
        progress = Progress(f"{self.progress.doing}: fetching uv")
        status, _ = progress.run([*base_pip(), *uv.fetch_arguments(listing, folder)], seconds=uv.SLOW)
        if status:
            _say("uv could not be fetched, so pip installs")
        return None if status else uv.unpack(folder)

    def remove(self, names: Iterable[str]) -> None:
        """Remove packages; raises Failed."""
        _run(self.venv, self.progress, self.pip_command("uninstall", "--yes", *names), NO_PIP)

    def compile_all(self) -> None:
        """Compile bytecode on every core, where Python is told not to keep what it compiles.

        Elsewhere each module is compiled when it is first imported, which takes a third of the time that all of them
        take. Some packages carry files that are no Python.
        """
        if sys.dont_write_bytecode:
            compiling = Progress(f"{self.progress.doing}: compiling")
            compiling.run([str(self.python), "-m", "compileall", "-q", "-j", "0", str(self.venv / "lib")])


def _run(venv: Path, progress: Progress, argv: list[str], advice: str, installs: bool = False) -> None:
    status, said = progress.run(argv, installs=installs)
    if status:
        sys.stderr.write(reasons(said))
        where = [venv, *disk.temporary()]
        raise Failed(disk.full(*where) if disk.is_full(said, *where) else advice)


def _say(text: str) -> None:
    sys.stderr.write(f"inv: {text}\n")
