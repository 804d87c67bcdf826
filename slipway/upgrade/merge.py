"""Three versions of a text made one, by git."""

from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.core.errors import Problem
from slipway.core.shell import Shell

NAMES = ("ours", "base", "theirs")
MOST = 127  # conflicts that git counts; a status above is an error


class GitMerge:
    """Merges with `git merge-file`, which needs no repository; the labels are of the project, and of two versions."""

    def __init__(self, shell: Shell, labels: tuple[str, str, str]) -> None:
        self.shell = shell
        self.labels = labels

    def __call__(self, ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, bool] | None:
        """Return the text, and whether it has no conflict; None for what git takes for no text. Raises Problem."""
        if any(b"\0" in one for one in (ours, base, theirs)):
            return None
        with TemporaryDirectory() as name:
            folder = Path(name)
            for file, content in zip(NAMES, (ours, base, theirs), strict=True):
                (folder / file).write_bytes(content)
            try:
                status, _, said = self.shell.probe(merge_command(folder, self.labels))
            except Problem as problem:
                raise Problem(
                    f"{problem.message} It merges what you and Slipway have changed. Nothing was changed."
                ) from None
            if status > MOST:
                raise Problem(f"{said.strip()}\nThe files could not be merged. Nothing was changed.")
            return (folder / NAMES[0]).read_bytes(), not status


def merge_command(folder: Path, labels: tuple[str, str, str]) -> list[str]:
    """Return the command that merges three files of a folder into the first one."""
    named = [word for label in labels for word in ("-L", label)]
    return ["git", "merge-file", "--quiet", *named, *(str(folder / file) for file in NAMES)]
