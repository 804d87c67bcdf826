"""The files of a deployment, in two volumes of its engine; deployment.sh says what they are.

What the proxy reads is in the one, which it has for reading. The other one, the ledger's, is for containers that `inv`
makes for a moment: it tells of secrets.
"""

import base64
import contextlib
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence

from slipway import __version__
from slipway.core.errors import Problem
from slipway.core.limits import ASK
from slipway.core.scripts import Script
from slipway.core.shell import tokens
from slipway.deploy.compose import labels, tasks
from slipway.engine import containers, volumes
from slipway.engine.jobs import rows, script_command
from slipway.engine.stack import Stack
from slipway.project import formats

SCRIPT = Script("slipway.deploy.compose", "deployment.sh")
FOLDER, LEDGER_FOLDER = "/deployment", "/ledger"
CADDYFILE = "Caddyfile"
FORMAT = "format"  # of all of them
NEWER = 5  # the status of `split` where that is one which is not known here
# As they are called from FOLDER.
LEDGER, SALT = "../ledger/releases.jsonl", "../ledger/salt"
VOLUMES = "../ledger/volumes.json"  # the names of those that releases share, by what the Compose file calls them
DEFINITION = "../ledger/proxy.json"  # of the last proxy that became ready
LOGS_FOLDER = "../ledger/logs"  # what was shown of entries of the ledger
SECRETS = "/secrets"
READING = ("get", "room", "fence")  # functions that may be asked once more, as often as one likes


class Files:
    """The files of one deployment, which are changed by who holds its lock.

    `image` is one that has a shell. `holding` is the id of the lock's container, while this process has it.
    """

    def __init__(self, stack: Stack, image: Callable[[], str]) -> None:
        self.stack = stack
        self.shell = stack.shell
        self.image = image
        self.volume = labels.files_volume(stack.name)
        self.ledger = labels.ledger_volume(stack.name)
        self.lock = labels.lock_name(stack.name)
        self.holding = ""

    def create(self) -> tuple[str, ...]:
        """Make the volumes that are not there; return how the lock's container has them. Raises Problem."""
        volumes.create(self.shell, self.volume, *labels.of_stack(self.stack.name, "deployment"))
        volumes.create(self.shell, self.ledger, *labels.of_stack(self.stack.name, "ledger"))
        return (f"{self.volume}:{FOLDER}", f"{self.ledger}:{LEDGER_FOLDER}")

    @contextlib.contextmanager
    def held(self, lock: str) -> Iterator[None]:
        """Hold the files, by the id of the lock's container; raises Problem, also for those of a newer Slipway.

        And for those of a deployment that is on a Swarm by now.
        What earlier versions let the proxy read is taken away from it first.
        """
        tasks.refuse_unless_here(self.stack)
        self.holding = lock
        try:
            moved = f"What is in the volume {self.volume} could not be moved into {self.ledger}."
            mine = (str(formats.DEPLOYMENT), __version__)
            if self.script("split", *mine, failed=moved, fine=(0, NEWER))[0] == NEWER:
                self.read()
            yield
        finally:
            self.holding = ""

    def script(
        self,
        function: str,
        *args: str,
        given: str | None = None,
        echo: bool = False,
        any_lock: bool = False,
        apart: bool = False,
        alone: bool = False,
        failed: str = "",
        fine: Sequence[int] = (0,),
    ) -> tuple[int, str]:
        """Run a function of deployment.sh in the folder that the proxy reads; return its status and output.

        With `failed`, raises Problem with why and that text when the status is not a `fine` one.
        In the container of the lock when this process holds it, or, with `any_lock`, anybody; else in the proxy's,
        which may only read, or in one of its own, as `alone` says in any case. A lock that was taken away from this
        process is not mistaken for another's.
        """
        options = tokens(None if given is None else "--interactive", ["--workdir", FOLDER])
        command = ["-ec", SCRIPT, "sh", function, *args]
        if (self.holding or any_lock) and not alone:
            run = containers.exec_command(self.holding or self.lock, "sh", *command, options=options)
        elif not alone and self.stack.runs(labels.PROXY) and (proxy := self.stack.container(labels.PROXY)):
            run = containers.exec_command(proxy.name, "sh", *command, options=options)
        elif not volumes.exists(self.shell, self.volume):
            return 0, ""  # nothing was ever deployed
        else:
            options += ["--volume", f"{self.volume}:{FOLDER}"]
            run = script_command(self.image(), self.stack.name, *command, options=options)
        limit = ASK if function in READING and run[1] == "exec" else None  # the image of another may have to come
        status, out, said = self.shell.probe(run, given=given, echo=echo, apart=apart, limit=limit)
        if failed and status not in fine:
            why = self.shell.steps.redact(said.strip() or out) or f"{run[0]} ended with status {status}."
            raise Problem(f"{why}\n{failed}", status)
        return status, out

    def write(self, name: str, text: str) -> None:
        """Write a file in one step, a private one for root alone; raises Problem."""
        private = is_private(name)
        volume = self.ledger if private else self.volume
        failed = f"{posixpath.basename(name)} could not be written into the volume {volume}."
        self.script("hide" if private else "put", name, given=text, failed=failed)

    def rename(self, name: str, to: str) -> None:
        """Let a file take another one's place; raises Problem."""
        self.script("rename", name, to, failed=f"{to} could not be written into the volume {self.volume}.")

    def fence(self, name: str) -> bool:
        """Give a switch up, or wait until it has happened; False when the lock is gone. Raises Problem."""
        try:
            self.script("fence", name, failed="Whether clients are led to the new release cannot be told.")
        except Problem:
            if containers.look(self.shell, self.holding):
                raise
            return False
        return True

    def read(self, *names: str) -> list[str]:
        """Return the text of files, "" for one that is not there; raises Problem, also for those of a newer Slipway."""
        *found, said = self._read(*names, FORMAT)
        formats.check(said, formats.DEPLOYMENT, f"The deployment {self.stack.name}")
        return found

    def _read(self, *names: str) -> list[str]:
        if not self.holding and any(is_private(name) for name in names):
            there = self._copied()
            return [text(there, name) for name in names]
        failed = f"The files in the volume {self.volume} cannot be read."
        lines = self.script("get", *names, failed=failed)[1].split()
        if len(lines) != len(names):
            if lines or volumes.exists(self.shell, self.volume):  # what got lost on its way is no answer
                raise Problem(f"The engine's answer broke off.\n{failed}")
            lines = ["-"] * len(names)
        return [base64.b64decode(line[1:]).decode(errors="replace") for line in lines]

    def content(self, name: str) -> bytes | None:
        """Return what a private file has, None for one that is not there; raises Problem."""
        return self._copied().get(posixpath.normpath(f"{FOLDER}/{name}"))

    def _copied(self) -> dict[str, bytes]:
        # No container that runs has the ledger, but for that of a lock. The engine copies folders in the order of their
        # names, so that what another process splits meanwhile is in one of them, or in both.
        known = {self.volume: FOLDER, self.ledger: LEDGER_FOLDER}
        there = volumes.names(self.shell, f"name={self.stack.name}_")  # one that was made by hand has no label
        mounts = {volume: folder for volume, folder in known.items() if volume in there}
        return volumes.read(self.shell, mounts, self.image(), self.stack.name) if mounts else {}


def is_private(name: str) -> bool:
    """Tell whether a file is one that the proxy may not read."""
    return name.startswith("../")


def text(files: Mapping[str, bytes], name: str) -> str:
    """Return the text of a file, of those of both volumes by their paths; "" for one that is not there.

    Until what an earlier version has written is split, it is where the proxy reads: the later part of the ledger, and
    of others what counts.
    """
    before = files.get(f"{FOLDER}/{posixpath.basename(name)}", b"")
    now = files.get(posixpath.normpath(f"{FOLDER}/{name}"), b"")
    return (b"\n".join(filter(None, (now, before))) if name == LEDGER else before or now).decode(errors="replace")


def write_secrets(
    stack: Stack, volume: str, image: str, user: str, values: Mapping[str, str], volume_labels: tuple[str, ...]
) -> None:
    """Fill a volume with a file for each value, readable by one user of the image alone; raises Problem.

    They go through a pipe: neither a command line nor a container shows them.
    """
    volumes.create(stack.shell, volume, *volume_labels)
    command = secrets_command(image, stack.name, {volume: SECRETS}, "fill", user)
    stack.shell.output(command, given=rows(values), echo=True, failed="The secrets could not be written.")


def renew_secrets(stack: Stack, there: Sequence[str], image: str, values: Mapping[str, str]) -> None:
    """Let volumes that were filled have other values, where they have these names; raises Problem."""
    mounts = {volume: f"{SECRETS}/{volume}" for volume in there}
    command = secrets_command(image, stack.name, mounts, "renew")
    stack.shell.output(
        command, given=rows(values), echo=True, failed="The secrets of the releases could not be written."
    )


def secrets_command(image: str, project: str, mounts: Mapping[str, str], function: str, *args: str) -> list[str]:
    """Return the command that writes secrets into volumes, each in a folder, from its standard input."""
    options = ["--interactive", "--user", "0:0", "--cap-drop", "ALL", *volumes.MAY_GIVE, "--workdir", SECRETS]
    options += [word for volume, folder in mounts.items() for word in ("--volume", f"{volume}:{folder}")]
    return script_command(image, project, "-ec", SCRIPT, "sh", function, *args, options=options)
