"""Where a pip is: this Python's own, or the one that came with it. The standard library alone."""

import importlib.util
import sys
import sysconfig
from pathlib import Path


def command() -> list[str]:
    """Return how pip is run by this Python, whose environment may have none; raises LookupError without any."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if wheel := bundled():
        return [sys.executable, str(wheel / "pip")]
    raise LookupError(f"{sys.executable} has no pip")


def bundled() -> Path | None:
    """Return the wheel of pip that came with Python: pip runs from it as it is, which saves installing it."""
    bundle = importlib.util.find_spec("ensurepip")  # which Debian packs by itself
    folders = [
        sysconfig.get_config_var("WHEEL_PKG_DIR"),
        Path(bundle.origin).parent / "_bundled" if bundle and bundle.origin else None,
    ]
    found = (wheel for folder in folders if folder for wheel in Path(folder).glob("pip-*.whl"))
    return next(found, None)
