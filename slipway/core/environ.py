"""This process's own environment, as it is for the time of one verb."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def restored(*names: str) -> Iterator[None]:
    """Let variables be at the end as they were: another verb may come in the same process."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})
