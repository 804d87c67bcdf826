"""Wheels of packages that are folders of the project; runs in a build, with the standard library alone.

    python folders.py LIST...

Takes lists of packages as Poetry exports them. A line that names a folder then names the wheel that was built of it,
with its hash. What builds it lies in TOOLS as wheels; no index is asked.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote

PROJECT = Path("/project")  # where the lists are
TOOLS = "/opt/build"
BUILT = "built"  # a folder there, of wheels: each lies in a folder as its source does
LINE = re.compile(r"(?m)^(?:-e|[\w.-]+(?:\[[^]]*\])? @) file://(?P<path>/\S+)(?P<marker>(?: ; [^\\\n]+)?)$")
EPOCH = "315532800"  # as all that is built has it; a ZIP knows no earlier year


def wheel(folder: Path, built: Path) -> Path:
    """Build the wheel of a folder into another one; raises SystemExit."""
    for left in folder.glob("build/lib*"):  # by setuptools, which takes it for what it has made itself
        shutil.rmtree(left)
    exactly = ["--no-deps", "--no-index", "--find-links", TOOLS]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *exactly, "--wheel-dir", str(built), str(folder)]
    alike = {"SOURCE_DATE_EPOCH": EPOCH, "PYTHONHASHSEED": "0"}
    if subprocess.run(command, env={**os.environ, **alike}, check=False).returncode:
        raise SystemExit(
            f"{folder} could not be built (see above). If a compiler is missing, which no slim image has: inv build "
            "--variant full, or a wheel of it in vendor/."
        )
    (made,) = built.glob("*.whl")
    return made


def rewritten(text: str, project: Path) -> str:
    """Return a list that names wheels instead of folders, which are built unless they are there; raises SystemExit."""
    return LINE.sub(lambda line: _line(Path(unquote(line["path"])), line["marker"], project), text)


def _line(folder: Path, marker: str, project: Path) -> str:
    built = project / BUILT / folder.relative_to(project)
    made = next(built.glob("*.whl"), None) or wheel(folder, built)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    return f"{made.name.partition('-')[0]} @ file://{quote(str(made))}{marker} --hash=sha256:{digest}"


def main(lists: list[str]) -> None:
    """Rewrite lists."""
    (PROJECT / BUILT).mkdir(exist_ok=True)
    for path in map(Path, lists):
        path.write_text(rewritten(path.read_text(encoding="utf-8"), PROJECT), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
