"""What migrating costs: with nothing to do, and the requests of a service whose table cannot be locked.

The first needs a Docker Engine: `inv migrate` at head over a bare one-off container with `alembic current`. The second
runs on this machine: 50 requests a second, half of them POSTs, while a query of a minute holds the table that a
migration wants; it waits for its lock 2 seconds at a time, and every request that comes meanwhile waits behind it.

    .venv/bin/python bench/migrate.py [RUNS]
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import ROOT, compare, timed

sys.path.insert(0, str(ROOT))
from slipway.core.ports import free_port
from tests.e2e import changes
from tests.e2e.load import under_load
from tests.e2e.talk import done, token
from tests.support import Checkout, wait_for

NAME = f"slipway-bench-{os.getpid()}"
RATE = 50


def at_head(clone: Path, runs: int) -> None:
    """Print what `inv migrate` costs with nothing to do."""
    env = os.environ | {"COMPOSE_PROJECT_NAME": NAME, "PORT": str(free_port())}
    inv = [str(ROOT / ".venv/bin/python"), "-m", "invoke"]
    bare = ["docker", "compose", "run", "--rm", "--no-deps", "migrate", "alembic", "current"]
    try:
        timed([*inv, "up", "--runtime", "docker"], cwd=clone, env=env)
        compare(
            "inv migrate, at head / docker compose run ... alembic current",
            lambda: timed([*inv, "migrate"], cwd=clone, env=env),
            lambda: timed(bare, cwd=clone, env=env),
            runs,
        )
    finally:
        subprocess.run([*inv, "down", "--volumes", "--yes"], cwd=clone, env=env, capture_output=True, check=False)


def behind_a_lock(clone: Path) -> None:
    """Print the latencies of a service behind a migration that cannot get its lock."""
    checkout = Checkout(clone, {"PORT": str(free_port()), "WEB_CONCURRENCY": "2"})
    done(checkout.by_an_ordinary_user(), "up", "--prod", "--runtime", "host")
    try:
        headers = token(checkout.url)
        changes.revision(checkout, "0003", "0002", "expand", changes.ADD, changes.TAKE_BACK)
        with under_load(checkout.url, headers, RATE) as load:
            wait_for(lambda: len(load.latencies) > 10 * RATE)
            quiet, before = load.percentile(0.99), len(load.latencies)
            query = "SELECT count(*), pg_sleep(60) FROM posts GROUP BY id LIMIT 1"
            with checkout.start("psql", "--prod", "--", "-qc", query) as reading:
                running = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                wait_for(lambda: done(checkout, "psql", "--prod", "--", "-Atc", running).stdout.strip() == "1")
                given_up = checkout.inv("migrate", "--prod")
                after = len(load.latencies)
                held = reading.poll() is None
                reading.wait()
            again = checkout.inv("migrate", "--prod")
        during = sorted(load.latencies[before:after])
        p99 = during[int(len(during) * 0.99)]
        sys.stdout.write(
            f"behind a query of 60 s: {given_up.stderr.count('again in') + 1} tries, gave up with status "
            f"{given_up.returncode}{'' if held else ' (the query had ended!)'}; afterwards status {again.returncode}\n"
            f"requests meanwhile: {len(during)}, failed {len(load.failed)}, p99 {p99:.2f} s, longest "
            f"{during[-1]:.2f} s "
            f"(before, p99 {quiet:.3f} s)\n"
        )
    finally:
        checkout.inv("down", "--prod", "--volumes", "--yes")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        at_head(clone, int(sys.argv[1]) if len(sys.argv) > 1 else 11)
        subprocess.run(["git", "clean", "-qfdx"], cwd=clone, check=True)
        behind_a_lock(clone)
