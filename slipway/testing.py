"""The tests: on this machine, in an image, or of the lifecycle itself.

The contract with the suite: DATABASE_* name an empty PostgreSQL whose user may create databases, and every other
variable has .env.example's value, its secrets generated.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from slipway import interpreter
from slipway.core.errors import Problem
from slipway.core.limits import Limit
from slipway.core.ports import LOOPBACK
from slipway.core.processes import family, send
from slipway.core.signals import doomed
from slipway.core.steps import is_coloured
from slipway.database import superuser
from slipway.engine import jobs, proxies
from slipway.engine.client import need_engine
from slipway.engine.compose import compose_command, local_image
from slipway.engine.jobs import OneOff
from slipway.image import build, plan
from slipway.project import database, tags
from slipway.project.checkout import Checkout
from slipway.project.database import Database
from slipway.project.suites import of_tests, options, pytest_command
from slipway.project.values import example_values
from slipway.runtime import supplied
from slipway.runtime.jobs import DATABASE, MIGRATE
from slipway.runtime.postgres import FAST, Server

GRACE = 3.0  # seconds that pytest has for its workers, once it is told to end twice: one at work may not hear it


def on_host(checkout: Checkout, args: Sequence[str]) -> None:
    """Run the tests in parallel against a PostgreSQL of their own.

    Raises Problem with pytest's status when that is not 0.
    """
    project, values, python = checkout.project, example_values(checkout.project), interpreter.service(checkout)
    if not (project.tests.host or args):
        raise Problem("There are no tests: host in [tool.slipway.tests] names none.")
    if not interpreter.program(checkout, "pytest"):
        raise Problem("pytest is not among the service's packages: lock it in the group dev, then run this again.")
    where: dict[str, str] = {}
    suites = [path for path in project.tests.host if (project.root / path).exists()]
    command = pytest_command([python, "-m"], suites, args, project.root, *options(project))
    with contextlib.ExitStack() as stack:
        stack.enter_context(doomed(end_tests))
        if database.HOSTNAME in values:
            with checkout.steps.step("database") as step:
                server = stack.enter_context(temporary_server(project.state / "test"))
                stack.enter_context(doomed(partial(end_server, server)))
                port = server.start(Database.of(values), settings=FAST)
                for name in superuser.extended(project, values[database.NAME]):
                    server.as_superuser(superuser.extensions_sql(project.database.extensions), name)
                step.detail = f"PostgreSQL {server.major} on {LOOPBACK}:{port}, for this run alone"
            for remark in server.remarks:
                checkout.steps.note("database", remark)
            where = {database.HOSTNAME: LOOPBACK, database.PORT: str(port)}
        told = of_tests(project, {**values, **where})
        if project.tests.migrate and project.migrations:
            with checkout.steps.step("migrate", "for the tests"):
                schema = [python, "-m", "slipway.schema", "upgrade", "--contract"]
                failed = "The tests' database could not be migrated (see above)."
                checkout.shell.output(schema, hidden=supplied.of_service(checkout, told), failed=failed)
        status = checkout.shell.status(command, hidden=told, ask=signal.SIGINT, limit=Limit(grace=GRACE))
    if status:
        raise Problem("The tests failed.", status)


def in_image(checkout: Checkout, args: Sequence[str]) -> None:
    """Run the suite in the test image against Compose's PostgreSQL.

    Raises Problem with pytest's status when that is not 0, or when no engine answers.
    """
    need_engine("inv test --image")
    project, shell = checkout.project, checkout.shell
    here = {database.HOSTNAME: database.OWN, database.PORT: str(database.STANDARD_PORT)}
    values = example_values(project) | here
    tag = local_image(project, tags.TESTED)
    tested = plan.current(checkout)
    compose = partial(compose_command, project, "test")
    with checkout.steps.step("image", tag):
        build.build(checkout, tested, [tag], "test")
    env = {"IMAGE": tag}
    try:
        with checkout.steps.step("database", "PostgreSQL, for this run alone"):
            up = compose("up", "--detach", "--wait", "--wait-timeout", str(project.wait), DATABASE)
            shell.output(up, env=env, hidden=values, echo=True)
            superuser.extend(shell, compose, project, values)
        colour = "--color=yes" if is_coloured(sys.stdout) else "--color=no"
        command = pytest_command([], project.tests.image, args, project.root, "-p", "no:cacheprovider", colour)
        status = jobs.run(
            shell, compose, OneOff(MIGRATE, command, "run", env, values, proxies.options(shell)), captured=False
        ).status
    finally:
        shell.attempt(compose("down", "--volumes", "--remove-orphans"), hidden=values)
    if status:
        raise Problem("The tests failed in the image.", status)


def end_to_end(checkout: Checkout, args: Sequence[str]) -> None:
    """Run the tests of the lifecycle itself on a real engine."""
    need_engine("inv test --e2e")
    command = pytest_command([interpreter.service(checkout), "-m"], checkout.project.tests.e2e, args, checkout.root)
    with doomed(end_tests):
        status = checkout.shell.status(command, ask=signal.SIGINT)
    if status:
        raise Problem("The end-to-end tests failed.", status)


def end_tests() -> None:
    """Kill pytest, its workers, and what they have started."""
    for one in family(os.getpid())[1:]:
        send(one.pid, signal.SIGKILL)


def end_server(server: Server) -> None:
    """Let a server quit, whose data nobody needs."""
    if running := server.running():
        send(running[0], signal.SIGQUIT)


@contextlib.contextmanager
def temporary_server(folder: Path) -> Iterator[Server]:
    """Give a server whose data is deleted afterwards.

    What a run that was killed has left in `folder` is removed first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        # (One that cannot be stopped, in another container, is left alone.)
        with (old / "lock").open("a") as lock, contextlib.suppress(BlockingIOError, Problem):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Server(old).stop()
            shutil.rmtree(old)
    mine = folder / f"{os.getpid()}-{secrets.token_hex(4)}"  # in another container, the number is another's as well
    mine.mkdir()
    with (mine / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = Server(mine)
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(mine)
