"""The tests: on this machine, in an image, or of the lifecycle itself.

The contract with the suite: DATABASE_* name an empty PostgreSQL whose user may create databases, and every other
variable has .env.example's value, its secrets generated.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from slipway.core.errors import Problem
from slipway.engine.compose import docker_compose
from slipway.image import plan as image
from slipway.project import dotenv
from slipway.project.settings import new_secret
from slipway.runtime import choose as runtime
from slipway.runtime.postgres import FAST, Login, Server
from slipway.verbs.session import Lifecycle


def pytest_command(
    python: Sequence[str], suites: Sequence[str], args: Sequence[str], root: Path, *options: str
) -> list[str]:
    """Return the pytest command line.

    The suites are left out when the arguments name files of their own.
    """
    paths = [arg.partition("::")[0] for arg in args if "/" in arg or ".py" in arg]  # not the word after -k
    named = any((root / path).exists() for path in paths)
    return [*python, "pytest", *options, *args, *([] if named else suites)]


def example_values(here: Lifecycle) -> dict[str, str]:
    """Return .env.example's variables with fresh secrets."""
    example = here.project.root / ".env.example"
    if not example.exists():
        return {}
    values, _ = dotenv.parse(dotenv.fill(example.read_text(encoding="utf-8"), here.project.secrets, new_secret))
    return values


def on_host(here: Lifecycle, args: list[str]) -> None:
    """Run the tests in parallel against a PostgreSQL of their own.

    Raises Problem with pytest's status when that is not 0.
    """
    values = example_values(here)
    suites = [path for path in here.project.tests.host if (here.project.root / path).exists()]
    command = pytest_command([sys.executable, "-m"], suites, args, here.project.root, "--numprocesses=auto")
    with contextlib.ExitStack() as stack:
        if "DATABASE_HOSTNAME" in values:
            with here.steps.step("database") as step:
                server = stack.enter_context(temporary_server(here.project.state / "test"))
                port = server.start(Login.of(values), settings=FAST)
                step.detail = f"PostgreSQL {server.major} on 127.0.0.1:{port}, for this run alone"
            values |= {"DATABASE_HOSTNAME": "127.0.0.1", "DATABASE_PORT": str(port)}
        here.shell.run(command, hidden=values, failed="The tests failed.", ask=signal.SIGINT)


def in_image(here: Lifecycle, args: list[str]) -> None:
    """Run the suite in the test image against Compose's PostgreSQL.

    Raises Problem with pytest's status when that is not 0, or when no engine answers.
    """
    from slipway.runtime.compose import one_off

    runtime.need_engine("inv test --image")
    values = example_values(here) | {"DATABASE_HOSTNAME": "db", "DATABASE_PORT": "5432"}
    project, shell = here.project, here.shell
    tag = f"{project.image}:test"
    tested = image.current(here)
    compose = partial(docker_compose, project, "test")
    with here.steps.step("image", tag):
        image.build(here, tested, [tag], "test")
    env = {"IMAGE": tag}
    try:
        with here.steps.step("database", "PostgreSQL, for this run alone"):
            up = compose("up", "--detach", "--wait", "--wait-timeout", str(project.wait), "db")
            shell.output(up, env=env, hidden=values, echo=True)
        colour = "--color=yes" if sys.stdout.isatty() else "--color=no"
        suites = project.tests.image
        command = pytest_command([], suites, args, project.root, "-p", "no:cacheprovider", colour)
        status = one_off(shell, compose, "run", command, env, hidden=values, captured=False).status
    finally:
        shell.probe(compose("down", "--volumes", "--remove-orphans"), hidden=values)
    if status:
        raise Problem("The tests failed in the image.", status)


def end_to_end(here: Lifecycle, args: list[str]) -> None:
    """Run the tests of the lifecycle itself on a real engine."""
    runtime.need_engine("inv test --e2e")
    command = pytest_command([sys.executable, "-m"], here.project.tests.e2e, args, here.project.root)
    here.shell.run(command, failed="The end-to-end tests failed.", ask=signal.SIGINT)


@contextlib.contextmanager
def temporary_server(folder: Path) -> Iterator[Server]:
    """Give a server whose data is deleted afterwards.

    What a run that was killed has left in `folder` is removed first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        with (old / "lock").open("a") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Server(old).stop()
            shutil.rmtree(old)
    mine = folder / str(os.getpid())
    mine.mkdir()
    with (mine / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = Server(mine)
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(mine)
