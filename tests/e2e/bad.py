"""Bad releases, of each kind: what makes one of the tree, what its log has, and what is said of it."""

from collections.abc import Callable

from tests.e2e import changes
from tests.support import Checkout


def import_error(checkout: Checkout) -> None:
    """Let it end with an error at once."""
    checkout.edit("app/main.py", "MAX_BODY =", "import nowhere\n\nMAX_BODY =")


def failing_lifespan(checkout: Checkout) -> None:
    """Let it fail while it starts."""
    checkout.edit("app/main.py", "    yield\n", '    raise RuntimeError("no lifespan")\n    yield\n')


def wait_for_8_s(checkout: Checkout) -> None:
    """Give it 8 seconds to be ready."""
    checkout.edit("pyproject.toml", 'docs = "/docs"\n', 'docs = "/docs"\nwait = 8\n')


def hangs(checkout: Checkout) -> None:
    """Let it never listen."""
    wait_for_8_s(checkout)
    checkout.edit("app/main.py", "MAX_BODY =", "import time\n\ntime.sleep(600)\nMAX_BODY =")


def never_ready(checkout: Checkout) -> None:
    """Let it never be ready."""
    wait_for_8_s(checkout)
    checkout.edit("app/health.py", "await db.ping()", 'raise TimeoutError("never")')


def too_much_memory(checkout: Checkout) -> None:
    """Let it take more memory than it may have."""
    checkout.edit("app/main.py", "MAX_BODY =", 'HOARD = b"x" * 3 * 2**30\nMAX_BODY =')


def exits_after_3_s(checkout: Checkout) -> None:
    """Let it end 3 s after its start."""
    exits = 'import threading\n\nprint("3 s to go", flush=True)\nthreading.Timer(3, os._exit, [7]).start()\n'
    checkout.edit("gunicorn.conf.py", "env = {", f"{exits}env = {{")


def failing_migration(checkout: Checkout) -> None:
    """Let its migration fail, on the data that there is."""
    fails_on_data = '    op.execute("SELECT 1 / (id - id) FROM posts")\n'
    changes.revision(checkout, "0003", "0002", "expand", fails_on_data, "    pass\n")


Bad = tuple[Callable[[Checkout], None], str, str]
# One of each kind; the others end as those do, later or earlier.
BAD: list[Bad] = [
    (never_ready, "GET /health/ready 503", "The new release was not ready in 8 s: its health path answers 503"),
    (too_much_memory, "", "The new release ran out of memory"),
    (exits_after_3_s, "3 s to go", "The new release ended"),
    (failing_migration, "division by zero", "The migration failed"),
]
OTHERS: list[Bad] = [
    (import_error, "No module named 'nowhere'", "The new release ended"),
    (failing_lifespan, "no lifespan", "The new release ended"),
    (hangs, "", "The new release was not ready in 8 s"),
]


def fails_every_twelfth_time(checkout: Checkout) -> None:
    """Let 8 % of the requests fail."""
    checkout.edit("app/posts/router.py", "import APIRouter, ", "import APIRouter, Depends, ")
    broken = (
        "COUNT = iter(range(10**9))\n\n\ndef broken() -> None:\n"
        "    if not (next(COUNT) + 1) % 12:\n        raise RuntimeError\n\n\n"
    )
    checkout.edit(
        "app/posts/router.py", "router = APIRouter(", f"{broken}router = APIRouter(dependencies=[Depends(broken)], "
    )
