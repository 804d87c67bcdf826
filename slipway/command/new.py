"""`slipway new`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from slipway.template import wheel
from slipway.template.new import new
from slipway.template.wheel import Refused

NEXT = """\
{files} files in {folder}{remarks}

Next:
{enter}  ./inv up      # the service, ready, on http://localhost:8000 and its documentation on /docs
  ./inv test    # its tests
"""


def add(verbs: Any) -> None:
    """Describe it."""
    about = "make a service of your own: an API with users and logins, its tests, and all that ships it"
    described = verbs.add_parser("new", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    described.add_argument("name", help="of the service: lower-case letters, digits and -")
    described.add_argument("folder", nargs="?", help="where to, empty or not there (default: NAME, here)")
    described.add_argument("--wheel", metavar="FILE", help="the Slipway that it gets, copied into its folder vendor")
    described.add_argument("--empty", action="store_true", help="without the example, posts: users and logins remain")
    described.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the service; returns the status."""
    folder = Path(arguments.folder or arguments.name)
    try:
        source = _source(arguments)
        made = new(arguments.name, folder, source, empty=arguments.empty)
    except Refused as error:
        sys.stderr.write(f"slipway: {error}\n")
        return 1
    enter = "" if folder.resolve() == Path.cwd() else f"  cd {folder}\n"
    remarks = "".join(f"\n  {remark}" for remark in made.remarks)
    sys.stdout.write(NEXT.format(files=made.files, folder=folder, remarks=remarks, enter=enter))
    return 0


def _source(arguments: argparse.Namespace) -> Path | None:
    rest = [*([arguments.folder] if arguments.folder else []), *(["--empty"] if arguments.empty else [])]
    mine = wheel.chosen(arguments.wheel, ["new", arguments.name, *rest])
    wheel.need_one(mine)
    return mine
