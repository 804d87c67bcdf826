"""Commands as forks of a process that has imported what they need: it isn't imported anew for each."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn


def become(env: Mapping[str, str], out: str, err: str, argv: Sequence[str], run: Callable[[], object]) -> NoReturn:
    """Be the process of a command: run it with these variables, its output in files, and end as it ends.

    It ends without tidying up its memory, which takes longer than most commands.
    """
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate((os.devnull, out, err)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv[:] = argv  # the list itself: defaults may hold it
    status = 1
    try:
        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        sys.stderr.write(f"{end.code}\n" if isinstance(end.code, str) else "")
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
