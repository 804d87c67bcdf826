"""The one error that a user sees."""

import signal
import sys

from invoke.exceptions import Exit


class Problem(Exit):
    """End the verb with a message that names the next command.

    Takes the message and the exit status (1 unless told). Invoke prints the message to standard error.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message, code)


class Interrupted(Exit):
    """End the verb as a signal asked; the status is 128 + its number.

    It is no Problem: who can do without something that fails cannot do without obeying.
    """

    def __init__(self, signum: int) -> None:
        below = "\n" if signum == signal.SIGINT and sys.stderr.isatty() else ""  # a terminal has shown ^C
        super().__init__(f"{below}Stopped.", 128 + signum)
