"""Deletes what has expired: a process beside the service, `python -m app.cleanup`."""

import asyncio
import logging
import signal
from collections import Counter
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from app.core.config import Settings, get_settings
from app.core.db import Database
from app.core.logging import log_to_stdout
from app.posts import service as posts
from app.users import throttle, tokens

INTERVAL = 60  # seconds
EXPIRED = (
    throttle.EXPIRED,
    tokens.EXPIRED,
    posts.EXPIRED,
)
log = logging.getLogger("app.cleanup")


async def clean(db: Database, stop: asyncio.Event) -> None:
    """Delete all that has expired, a batch at a time, or less when it is told to stop.

    What others work on is left to the next time; so two of these may be at work.
    """
    deleted: Counter[str] = Counter()
    try:
        for statement in EXPIRED:
            count = 1
            while count and not stop.is_set():
                async with db.connect() as connection:
                    count = (await connection.execute(statement)).rowcount
                deleted[str(statement.table)] += count
    finally:
        if rows := +deleted:
            log.info("Deleted what has expired: %s", ", ".join(f"{n} {name}" for name, n in rows.items()))


async def repeat(settings: Settings) -> None:
    """Delete what has expired, again and again, until SIGTERM."""
    db, stop = Database(settings), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log.info("Deletes what has expired, every %s s", INTERVAL)
    while not stop.is_set():
        try:
            await clean(db, stop)
        except (SQLAlchemyError, OSError) as error:
            log.error("The database failed: %s", str(error).partition("\n")[0])
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), INTERVAL)
    await db.close()


def main() -> None:
    """Run the process; it ends with a message when settings are missing."""
    settings = get_settings()
    log_to_stdout()
    asyncio.run(repeat(settings))


if __name__ == "__main__":
    main()
