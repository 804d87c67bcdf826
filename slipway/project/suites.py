"""pytest's command line, for suites of the project."""

from collections.abc import Sequence
from pathlib import Path


def pytest_command(
    python: Sequence[str], suites: Sequence[str], args: Sequence[str], root: Path, *options: str
) -> list[str]:
    """Return the pytest command line.

    The suites are left out when the arguments name files of their own.
    """
    paths = [arg.partition("::")[0] for arg in args if "/" in arg or ".py" in arg]  # not the word after -k
    named = any((root / path).exists() for path in paths)
    return [*python, "pytest", *options, *args, *([] if named else suites)]
