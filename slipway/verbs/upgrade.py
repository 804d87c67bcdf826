"""`inv upgrade` and `inv eject`; the command `slipway` has both as well, for a project that has no other `inv` yet."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import YES
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.core.shell import Shell
    from slipway.core.steps import Steps


@task(
    help={
        "to": "the version, from the index that pip knows (default: that of the Slipway which runs)",
        "wheel": "the version that is in this file; it is copied into the project's folder",
        "plan": "show what would be done, and change nothing",
    }
    | YES
)
def upgrade(_: Context, to: str = "", wheel: str = "", plan: bool = False, yes: bool = False) -> None:
    """Have another Slipway here; merge what it writes with yours."""
    from slipway.project import root

    upgrade_in(root.here(), to, wheel, plan, yes)


def upgrade_in(root: Path, to: str = "", wheel: str = "", plan: bool = False, yes: bool = False) -> None:
    """Have another Slipway in a project's folder. Raises Problem, also where something is left to be resolved."""
    from slipway.core.caller import expanded
    from slipway.core.errors import Problem
    from slipway.upgrade import run
    from slipway.verbs.screen import confirm, show, show_lines

    if to and wheel:
        raise Problem("--to and --wheel exclude each other: a wheel has its version.")
    with _begun(root, "upgrade", plan) as shell, TemporaryDirectory() as folder:
        wanted = run.Wanted(to, expanded(wheel).absolute() if wheel else None)
        found = run.prepare(root, wanted, shell, Path(folder))
        if isinstance(found, str):
            show(found)
            return
        found.keep_news()
        if plan:
            show_lines([*found.lines(), "The same again without --plan does it."])
            return
        shell.steps.say("\n".join(["", *(f"  {line}".rstrip() for line in found.lines()), ""]))
        confirm(f"Upgrade Slipway from {found.old} to {found.new}?", yes)
        then = run.carry_out(found)
        shell.steps.note("upgraded", f"Slipway {found.old} -> {found.new}")
        for index, line in enumerate(then):
            shell.steps.note("" if index else "next", line)
        if found.open:
            raise Problem(f"{len(found.open)} of the files cannot be merged without you: see above.")


@task(help={"plan": "show what would be written, and change nothing"} | YES)
def eject(_: Context, plan: bool = False, yes: bool = False) -> None:
    """Write what Slipway's package gives into the project."""
    from slipway.upgrade import eject
    from slipway.verbs.screen import confirm, show, show_lines
    from slipway.verbs.session import begin_without

    with begin_without("eject") as session, _alone(session.checkout.root, "eject", plan, session.steps):
        found = eject.plan(session.project)
        if not found or not found.files:
            show("Nothing to write: the Compose files and the Caddyfile are the project's own.")
            return
        if plan:
            show_lines(found.diff())
            return
        session.steps.say("\n".join(["", *found.diff(), ""]))
        confirm(f"Write {', '.join(found.files)} here, to be yours from now on?", yes)
        found.write()
        session.steps.note("written", ", ".join(found.files))
        if yours := found.shadowed:
            session.steps.note("yours", f"Compose takes compose.yaml by itself; {yours}: docker compose -f {yours}")
        session.steps.note("next", "commit them: Slipway takes these from now on, and upgrades no longer change them")


@contextlib.contextmanager
def _begun(root: Path, verb: str, plan: bool) -> "Iterator[Shell]":
    # Without a session: the project's configuration may be one that this version cannot read.
    import os

    from slipway.core.errors import Problem
    from slipway.core.permitted import permitted
    from slipway.core.shell import Shell
    from slipway.core.signals import interruptible
    from slipway.core.steps import BOLD
    from slipway.project import owner
    from slipway.verbs.verb import steps_of

    steps = steps_of(root)
    steps.say(verb, BOLD)

    def at_once() -> None:
        os.write(2, f"\nEnded at once. To take back what was under way: ./inv {verb}\n".encode())

    with interruptible(at_once), permitted(root):
        owner.trust(root)
        try:
            with _alone(root, verb, plan, steps):
                yield Shell(root, steps)
        except Problem as problem:
            steps.log.add(str(problem.message))
            problem.message = f"{problem.message}{steps.where}"
            raise


@contextlib.contextmanager
def _alone(root: Path, verb: str, plan: bool, steps: "Steps") -> Iterator[None]:
    # What writes here takes turns, and takes back what was cut off: who is not finished is at work, or was killed.
    from slipway.core.turn import alone
    from slipway.upgrade import run

    if plan:
        run.check_whole(root)
        yield
        return
    with alone(root / ".slipway" / "upgrade", f"inv {verb}", steps):
        for line in run.put_back(root):
            steps.note("recovered", line)
        yield
