"""Which Python runs a service in its own image; runs inside it, with the standard library of Python 3.8 alone.

Takes JSON: `words`, the image's entrypoint and command; `module`, the service's; `path`, where modules are imported
from beside the environment's own; `names`, of packages to look for. Prints JSON: what each Python of the image says, in
the order in which the places are looked at.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ASKED = """\
import importlib.util, json, os, site, sys, sysconfig
asked = json.loads(sys.argv[1])
sys.path[:0] = asked["path"]
def there(name):
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
spec = there(asked["module"])
folders = [one for one in [sysconfig.get_path("purelib"), *site.getsitepackages()] if one in sys.path]
closed, place = "", os.path.realpath(sys.executable)
while place != "/":
    if not os.stat(place).st_mode & 1:
        closed = place
    place = os.path.dirname(place)
print(json.dumps({
    "python": sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "folder": (folders or [""])[0],
    "module": list(spec.submodule_search_locations or ())[:1] if spec else [],
    "found": bool(spec),
    "has": [name for name in asked["names"] if there(name)],
    "closed": closed,
}))
"""


def places(words: "list[str]") -> "Iterator[Path]":
    """Yield where a Python may be: beside what the image runs, in an environment, in PATH."""
    for word in words:
        found = word if word.startswith("/") else shutil.which(word) if "/" not in word else None
        if found:
            yield Path(found).parent
    for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        if os.environ.get(name):
            yield Path(os.environ[name], "bin")
    here = Path.cwd()
    for folder in (here, *here.parents):
        yield from (folder / name / "bin" for name in (".venv", "venv"))
    yield Path("/opt/venv/bin")
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(":") if folder)
    yield from (Path("/usr/local/bin"), Path("/usr/bin"))


def main(text: str) -> None:
    """Print what each Python says."""
    seen, found = set(), []
    for folder in places(json.loads(text)["words"]):
        python = next((one for one in (folder / "python", folder / "python3") if os.access(str(one), os.X_OK)), None)
        if not python or python in seen:
            continue
        seen.add(python)
        done = subprocess.run([str(python), "-c", ASKED, text], capture_output=True)
        if not done.returncode:
            found.append(json.loads(done.stdout.decode()))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
