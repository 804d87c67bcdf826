"""The command `slipway`: its line, its verbs, and how it ends."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from slipway import __version__
from slipway.command import adopt, new, upgrade

VERBS = (new, adopt, upgrade)  # modules with add(), which describes a verb, and run(), which is it
ENDING = (signal.SIGTERM, signal.SIGHUP)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    described = argparse.ArgumentParser(
        prog="slipway",
        description="Takes a FastAPI service from a laptop to a server. In a project, ./inv has the verbs.",
    )
    described.add_argument("--version", action="version", version=f"slipway {__version__}")
    verbs = described.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in VERBS:
        module.add(verbs)
    return described


def main(argv: Sequence[str] | None = None) -> None:
    """Run a verb; ends the process with its status."""
    arguments = parser().parse_args(argv)
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, _end)
    try:
        sys.exit(arguments.run(arguments))
    except KeyboardInterrupt:
        sys.stderr.write("\nslipway: stopped; nothing is left of it\n")
        sys.exit(128 + signal.SIGINT)


def _end(signum: int, _frame: FrameType | None) -> None:
    sys.stderr.write("slipway: stopped; nothing is left of it\n")
    raise SystemExit(128 + signum)
