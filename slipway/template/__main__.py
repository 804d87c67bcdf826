"""What this version of Slipway writes into a project, asked by another version; see protocol.py."""

import sys
from collections.abc import Sequence

from slipway import __version__
from slipway.template import changes, own, protocol, render
from slipway.template.protocol import File, Kind, Made


def make(made_by: Sequence[str], source: str) -> Made:
    """Return all of it, by the words after `slipway` that made the project; raises ValueError for others."""
    files = _files(made_by)
    kinds = {path: Kind.EXECUTABLE if path in render.EXECUTABLE else Kind.FILE for path in files}
    lock = own.text(source, own.shipped(), made_by)
    made = {path: File(content, kinds[path]) for path, content in files.items()}
    return Made(__version__, made, lock, changes.shipped())


def _files(made_by: Sequence[str]) -> dict[str, bytes]:
    if not made_by:
        return {}
    verb, *words = made_by
    if verb == "adopt" and not words:
        return render.of_adopted()  # all else is its own from then on
    options = {word for word in words if word.startswith("--")}
    names = [word for word in words if word not in options]
    if verb != "new" or len(names) != 1 or options - {"--empty"}:
        raise ValueError(f"Slipway {__version__} does not know `slipway {' '.join(made_by)}`")
    if wrong := render.unfit(names[0]):
        raise ValueError(f"a service cannot be called {names[0]!r}: {wrong}")
    return render.render(names[0], empty="--empty" in options)


if __name__ == "__main__":
    sys.stdout.write(protocol.answer(sys.stdin.read(), make))
