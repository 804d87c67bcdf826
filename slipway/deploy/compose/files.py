"""The files of a deployment, in a volume of its engine; deployment.sh says what they are."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.core.shell import Shell, tokens
from slipway.deploy.compose import labels
from slipway.engine import containers, volumes
from slipway.engine.jobs import script_command
from slipway.engine.stack import Stack

SCRIPT = Path(__file__).with_name("deployment.sh")
FOLDER = "/deployment"
CADDYFILE = "Caddyfile"
DEFINITION = "proxy.json"  # of the last proxy that became ready
SECRETS = "/secrets"


class Files:
    """The files of one deployment, which are changed by who holds its lock.

    `image` is one that has a shell. `holding` is the id of the lock's container, while this process has it.
    """

    def __init__(self, stack: Stack, image: Callable[[], str]) -> None:
        self.stack = stack
        self.shell = stack.shell
        self.image = image
        self.volume = labels.files_volume(stack.name)
        self.lock = labels.lock_name(stack.name)
        self.holding = ""

    def script(
        self,
        function: str,
        *args: str,
        given: str | None = None,
        echo: bool = False,
        any_lock: bool = False,
        apart: bool = False,
    ) -> tuple[int, str]:
        """Run a function of deployment.sh in the deployment's folder; return its status and output.

        In the container of the lock when this process holds it, or, with `any_lock`, anybody; else in the proxy's,
        which may only read, or in one of its own. A lock that was taken away from this process is not mistaken for
        another's.
        """
        options = tokens(None if given is None else "--interactive", ["--workdir", FOLDER])
        command = ["-ec", Script(SCRIPT), "sh", function, *args]
        if self.holding or any_lock:
            run = containers.exec_command(self.holding or self.lock, "sh", *command, options=options)
        elif self.stack.runs(labels.PROXY) and (proxy := self.stack.container(labels.PROXY)):
            run = containers.exec_command(proxy.name, "sh", *command, options=options)
        elif not volumes.exists(self.shell, self.volume):
            return 0, ""  # nothing was ever deployed
        else:
            run = script_command(self.image(), *command, options=[*options, "--volume", f"{self.volume}:{FOLDER}"])
        status, out, _ = self.shell.probe(run, given=given, echo=echo, apart=apart)
        return status, out

    def write(self, name: str, text: str, private: bool = False) -> None:
        """Write a file in one step, a private one for root alone; raises Problem."""
        if self.script("hide" if private else "put", name, given=text)[0]:
            raise Problem(f"{name} could not be written into the volume {self.volume}.")

    def rename(self, name: str, to: str) -> None:
        """Let a file take another one's place; raises Problem."""
        if self.script("rename", name, to)[0]:
            raise Problem(f"{to} could not be written into the volume {self.volume}.")

    def read(self, *names: str) -> list[str]:
        """Return the text of files, "" for one that is not there; raises Problem."""
        status, out = self.script("get", *names)
        if status:
            raise Problem(f"The files in the volume {self.volume} cannot be read.")
        lines = out.split() or ["-"] * len(names)
        return [base64.b64decode(line[1:]).decode(errors="replace") for line in lines]


def write_secrets(
    shell: Shell, volume: str, image: str, user: str, values: Mapping[str, str], volume_labels: tuple[str, ...]
) -> None:
    """Fill a volume with a file for each value, readable by one user of the image alone; raises Problem.

    They go through a pipe: neither a command line nor a container shows them.
    """
    volumes.create(shell, volume, *volume_labels)
    rows = "".join(f"{name} {base64.b64encode(value.encode()).decode()}\n" for name, value in values.items())
    command = fill_command(volume, image, user)
    shell.output(command, given=f"{rows}.\n", echo=True, failed="The secrets could not be written.")


def fill_command(volume: str, image: str, user: str) -> list[str]:
    """Return the command that fills a volume with secrets, from its standard input."""
    capabilities = [word for one in ("CHOWN", "DAC_OVERRIDE", "FOWNER") for word in ("--cap-add", one)]
    options = ["--interactive", "--user", "0:0", "--cap-drop", "ALL", *capabilities]
    options += ["--volume", f"{volume}:{SECRETS}", "--workdir", SECRETS]
    return script_command(image, "-ec", Script(SCRIPT), "sh", "fill", user, options=options)
