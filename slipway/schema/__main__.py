"""The command line: `python -m slipway.schema upgrade`, in the folder of the project."""

import argparse
import logging
import os
import signal
import sys
from types import FrameType

import psycopg
from alembic.util import CommandError

from slipway.schema import catalogue, database, losses, trial
from slipway.schema.answers import (
    Checked,
    Downgraded,
    Drift,
    Known,
    Plan,
    Revised,
    State,
    Undo,
    Undone,
    Upgraded,
)
from slipway.schema.causes import cause, explained_here
from slipway.schema.differences import told
from slipway.schema.guard import Guard
from slipway.schema.models import Comparison
from slipway.schema.phases import PHASES, decide
from slipway.schema.protocol import written
from slipway.schema.revising import HOW, revise
from slipway.schema.revisions import Revisions
from slipway.schema.settings import enter, linted_after, read_limits
from slipway.schema.statements import Limits
from slipway.schema.upgrading import downgrade, upgrade
from slipway.schema.words import say

OUTSIDE = 60.0  # seconds that a database may take to listen


def main(argv: list[str]) -> int:
    """Run one command; what it found goes to standard output, as JSON with `--json`."""
    args = _parser().parse_args(argv)
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a revision may print as well, and so may what it runs
    signal.signal(signal.SIGTERM, _stop)
    logging.getLogger("alembic.runtime.migration").disabled = True  # our lines have the times as well
    args.root = enter()
    database.reach(args.wait)
    database.lead_to(database.name())
    result = _COMMANDS[args.command](args, read_limits(), Revisions())
    if isinstance(result, str):
        output.write(f"{result}\n")
    elif args.json:
        output.write(f"{written(result)}\n")
    output.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m slipway.schema", description=__doc__)
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("--to", default="", help="the revision to end at (default: head)")
    parser.add_argument("--live", action="append", default=[], metavar="NAME=REVISION", help="a release that runs")
    parser.add_argument("--contract", action="store_true", help="also what takes something away")
    parser.add_argument("--how", choices=HOW, default=HOW[0], help="of revise: what the file is to hold")
    parser.add_argument("--message", default="", help="of revise: what the revision does")
    parser.add_argument("--phase", choices=PHASES, default="", help="of revise: expand or contract")
    parser.add_argument("--wait", type=float, default=OUTSIDE, help="seconds that the database may take to listen")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    return parser


def _upgrade(args: argparse.Namespace, limits: Limits, revisions: Revisions) -> Upgraded:
    live = [revisions.live(named) for named in args.live]
    return upgrade(revisions, args.to or "head", live, args.contract, limits)


def _downgrade(args: argparse.Namespace, limits: Limits, revisions: Revisions) -> Downgraded:
    return downgrade(revisions, args.to, limits)


def _state(args: argparse.Namespace, _limits: Limits, revisions: Revisions) -> State:
    with database.connect("slipway: state") as connection:
        current, sizes = database.heads(connection), database.sizes(connection)
    pending = revisions.pending(revisions.target(args.to or "head"), current)
    decision = decide(pending, [revisions.live(named) for named in args.live], args.contract)
    return State(
        at=current,
        heads=revisions.heads,
        pending=tuple(pending),
        apply=tuple(one.id for one in decision.apply),
        waiting=tuple(one.id for one in decision.wait),
        refused=decision.refused,
        sizes=sizes,
    )


def _known(args: argparse.Namespace, _limits: Limits, revisions: Revisions) -> Known:
    with database.connect("slipway: known") as connection:
        current = database.heads(connection)
    applied, release = revisions.known(current), revisions.live(args.live[0])
    knows = release.knows or frozenset()
    return Known(
        at=current,
        can_tell=applied.issuperset(current) and release.knows is not None,
        lost=tuple(one.id for one in revisions.all if one.id in applied - knows and one.phase != "expand"),
        missing=tuple(one.id for one in revisions.all if one.id in knows - applied and one.phase != "contract"),
    )


def _plan(args: argparse.Namespace, limits: Limits, revisions: Revisions) -> Plan:
    state, trials = _state(args, limits, revisions), []
    if state.pending:
        with trial.begun(state.at, revisions, limits) as scratch:
            trials = scratch.tried(state.pending)
    return Plan(**vars(state), trials=tuple(trials))


def _sql(args: argparse.Namespace, limits: Limits, revisions: Revisions) -> str:
    with database.connect("slipway: sql") as connection:
        pending = revisions.pending(revisions.target(args.to or "head"), database.heads(connection))
        guard = Guard(limits, connection)
        return "\n\n".join(
            f"-- {one.id} ({one.phase or 'no phase'}): {one.message}\n{trial.preview(revisions, one.id, guard)}"
            for one in pending
        )


def _check(_args: argparse.Namespace, limits: Limits, revisions: Revisions) -> Checked:
    differing, unimported = "", tuple[str, ...]()
    with trial.begun((), revisions, limits) as scratch:
        tried = scratch.tried(revisions.all, revisions.known([linted_after()]))
        if len(revisions.heads) <= 1 and not (tried and tried[-1].error):
            try:
                compared = Comparison(revisions)
                compared.run(scratch.guard)
                unimported = compared.unimported
                differing = "; ".join([*_missing(compared), *compared.unlisted])
            except CommandError as error:
                differing = str(error)
    return Checked(revisions.heads, differing, tuple(tried), unimported)


def _missing(compared: Comparison) -> list[str]:
    found = ", ".join(map(told, compared.differences))
    return [f"they differ from what the revisions make: {found} (./inv revision writes it)"] * bool(found)


def _revise(args: argparse.Namespace, limits: Limits, _revisions: Revisions) -> Revised:
    return revise(args.how, args.message, args.phase, limits, args.root)


def _drift(_args: argparse.Namespace, limits: Limits, revisions: Revisions) -> Drift:
    with database.connect("slipway: drift") as connection:
        current = database.heads(connection)
        live = catalogue.read(connection)
    revisions.check_known(current)
    with trial.begun(current, revisions, limits) as scratch:
        found = catalogue.differences(live, scratch.things())
    return Drift(current, tuple(found))


def _undo(args: argparse.Namespace, limits: Limits, revisions: Revisions) -> Undo:
    with database.connect("slipway: downgrade") as connection:
        current = database.heads(connection)
        undone = revisions.undone(revisions.target(args.to), current)
        guard = Guard(limits, connection)
        sql = {one.id: trial.preview(revisions, one.id, guard, down=True) for one in undone}
        try:
            with trial.begun(current, revisions, limits) as scratch:
                before = scratch.things()
                for one in undone:
                    scratch.up(one, down=True)
                changes = catalogue.between(before, scratch.things())
            lost = losses.count(connection, changes)
        except database.NoScratch:
            lost = None  # nobody can tell
    return Undo(current, tuple(Undone(**vars(one), sql=sql[one.id]) for one in undone), lost)


_COMMANDS = {
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "state": _state,
    "known": _known,
    "plan": _plan,
    "sql": _sql,
    "check": _check,
    "revise": _revise,
    "drift": _drift,
    "undo": _undo,
}


def _stop(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except database.Refused as refused:
        say(str(refused))
        raise SystemExit(refused.status) from None
    except psycopg.Error as error:  # it went away, or only reads
        if not cause(str(error)):
            raise
        say(explained_here(str(error).strip()))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; a revision that was under way is not applied.\n")
        raise SystemExit(130) from None
