"""Containers as tests make them, and a shell whose programs answer what a test says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
