"""A program: runs a command in the foreground; restarts it when code changes, and lets no two be at work.

`python -I runner.py SECONDS LOCK COMMAND... ` with WATCHED, folders, in SLIPWAY_WATCHED. The standard library alone.
SECONDS is what the command has to finish what it is at. LOCK is a file, "" for none: the command holds it, inherited,
for as long as anything of it is there, as the kernel knows. Without folders to watch this process becomes the command.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

WATCHED = "SLIPWAY_WATCHED"
PAUSE = 0.5  # seconds between two looks at the code
SKIPPED = ("__pycache__", "node_modules")


def main(argv: list[str]) -> None:
    """Run the command; ends with its status."""
    seconds, lock, *command = argv
    held = [_locked(Path(lock), float(seconds))] if lock else []
    folders = [one for one in os.environ.pop(WATCHED, "").split(os.pathsep) if one]
    try:
        if not folders:
            os.execvp(command[0], command)  # noqa: S606  (it keeps the process, its number and its signals)
        raise SystemExit(_restarting(command, folders, float(seconds), held))
    except OSError as error:
        _end(f"{command[0]} cannot be started: {error.strerror}.", 127 if isinstance(error, FileNotFoundError) else 126)


def _locked(path: Path, seconds: float) -> int:
    file, end = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), time.monotonic() + seconds
    os.set_inheritable(file, True)
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                _end(f"another one is at work: something holds {path}.", 1)
            time.sleep(0.1)
        else:
            return file


def _restarting(command: list[str], folders: list[str], seconds: float, held: list[int]) -> int:
    told = False

    def tell(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    seen, changed, said = snapshot(folders), False, False
    process = subprocess.Popen(command, pass_fds=held, start_new_session=True)
    while not told:
        time.sleep(PAUSE)
        status = process.poll()
        now = snapshot(folders)
        if now != seen:
            _stop(process, seconds)
            _say("its code has changed: it is started again")
            seen, changed, said = now, True, False
            process = subprocess.Popen(command, pass_fds=held, start_new_session=True)
        elif status is not None and not changed:
            return status if status >= 0 else 128 - status
        elif status is not None and not said:  # of code that is being worked on
            _say(f"it ended with status {status}, and is started again when its code changes")
            said = True
    return _stop(process, seconds)


def _stop(process: "subprocess.Popen[bytes]", seconds: float) -> int:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            _say(f"it did not end in {seconds:g} s, and was killed")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # and what it has started
    return process.wait()


def snapshot(folders: list[str]) -> dict[str, int]:
    """Return when each file of Python below folders was changed."""
    found = {}
    for top in folders:
        for folder, inner, files in os.walk(top):
            inner[:] = [one for one in inner if not _is_skipped(Path(folder, one))]
            for path in (Path(folder, name) for name in files if name.endswith(".py")):
                with contextlib.suppress(OSError):  # it went meanwhile
                    found[str(path)] = path.stat().st_mtime_ns
    return found


def _is_skipped(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in SKIPPED or (folder / "pyvenv.cfg").exists()


def _say(text: str) -> None:
    sys.stderr.write(f"slipway: {text}\n")
    sys.stderr.flush()


def _end(text: str, status: int) -> None:
    _say(text)
    raise SystemExit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
