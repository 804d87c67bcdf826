"""Containers as tests make them, and a shell whose programs answer what a test says."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine.containers import Container


def container(
    status: str = "", running: bool = True, outputs: tuple[str, ...] = (), restarts: int = 0, **more: object
) -> Container:
    """Make a container; `status` is its health check's."""
    made = Container("id", running=running, status=3, health=status, checks=outputs, restarts=restarts)
    return Container(**{**made.__dict__, **more})


class Answers(Shell):
    """Answers what is run with these outputs, one after the other; "" is a failure. `asked` are the commands."""

    def __init__(self, *answers: str, said: str = "") -> None:
        super().__init__(Path.cwd(), Steps())
        self.answers = list(answers)
        self.said = said
        self.asked: list[list[str]] = []

    def probe(self, argv: Sequence[str], **_: Any) -> tuple[int, str, str]:
        """Return the next answer."""
        self.asked.append(list(argv))
        answer = self.answers.pop(0)
        return (0, answer, "") if answer else (1, "", self.said)


class Copies(Answers):
    """Likewise; `docker cp` gives these files as a tar, or, when it is `cut`, so many bytes of it; 0 is a failure."""

    def __init__(self, files: Mapping[str, bytes], *answers: str, cut: int = -1) -> None:
        super().__init__(*answers)
        self.files = files
        self.cut = cut

    def status(self, argv: Sequence[str], *, stdout: IO[bytes] | None = None, **_: Any) -> int:
        """Write the files."""
        self.asked.append(list(argv))
        assert stdout
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as tar:
            folder = tarfile.TarInfo("./ledger/")
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
            for name, content in self.files.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        stdout.write(made.getvalue() if self.cut < 0 else made.getvalue()[: self.cut])
        return not self.cut
