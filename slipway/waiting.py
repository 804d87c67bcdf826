"""Waiting for a database elsewhere, from where the service will reach it."""

from collections.abc import Mapping, Sequence

# Waits for HOST PORT, for at most so many seconds, then becomes the command. A text, since a container has only its
# own Python, and the database may only be reachable from inside its network.
WAIT = """
import os, socket, sys, time
host, port, limit, *command = sys.argv[1:]
end = time.monotonic() + float(limit)
while True:
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
        break
    except OSError as error:
        if time.monotonic() > end:
            sys.exit(f"The database at {host}:{port} could not be reached in {limit} s ({error}). "
                     "Check DATABASE_HOSTNAME and DATABASE_PORT in .env, and that it runs.")
        time.sleep(0.5)
os.execvp(command[0], command)
"""


def after_database(values: Mapping[str, str], limit: int, python: str, command: Sequence[str]) -> list[str]:
    """Return a command line that runs another once the database listens.

    It fails, saying where it looked, when nothing listens within `limit` seconds.
    """
    return [python, "-c", WAIT, values["DATABASE_HOSTNAME"], values["DATABASE_PORT"], str(limit), *command]
