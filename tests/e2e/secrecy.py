"""Whether anybody who may ask the engine, or list processes, sees a secret."""

import contextlib
import subprocess
import threading
from collections.abc import Iterable, Iterator

import psutil

from tests.e2e.support import NAME

CREATED = ("--filter", "type=container", "--filter", "event=create", "--filter", "event=start")
BETWEEN = 0.3  # seconds between two looks at the processes


class Seen:
    """What anybody could see: of each container that was made, by name, and the command lines of all processes."""

    def __init__(self) -> None:
        self.containers: dict[str, str] = {}
        self.lines: set[str] = set()
        self.over = threading.Event()

    def processes(self) -> None:
        """Look at all command lines, again and again."""
        while not self.over.wait(BETWEEN):
            for process in psutil.process_iter():
                with contextlib.suppress(psutil.Error):
                    self.lines.add(" ".join(process.cmdline()))

    def made(self, events: "subprocess.Popen[str]") -> None:
        """Look at each container that is made."""
        assert events.stdout
        for name in (line.strip() for line in events.stdout):
            if name.startswith(NAME):
                done = subprocess.run(["docker", "inspect", name], capture_output=True, text=True, check=False)
                self.containers[name] = self.containers.get(name, "") + done.stdout

    def shows(self, secrets: Iterable[str]) -> list[str]:
        """Return where one of these was to be seen."""
        texts = [*self.containers.items(), *((line[:200], line) for line in self.lines)]
        return [where for where, text in texts if any(secret in text for secret in secrets)]


@contextlib.contextmanager
def watched() -> Iterator[Seen]:
    """Look meanwhile at each container that is made, and at all command lines."""
    seen = Seen()
    command = ["docker", "events", *CREATED, "--format", "{{.Actor.Attributes.name}}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
        threads = [threading.Thread(target=seen.processes), threading.Thread(target=seen.made, args=[events])]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            seen.over.set()
            events.terminate()
            for thread in threads:
                thread.join()
