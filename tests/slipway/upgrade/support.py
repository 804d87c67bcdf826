"""Wheels of made-up versions of Slipway, and projects that they have made."""

import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.template.protocol import File, Kind
from slipway.upgrade.run import Upgrade, Wanted, carry_out, prepare
from tests.support import ROOT

Contents = Mapping[str, bytes | File]
MAIN = """
import base64, json, sys
from importlib.resources import files
from slipway.template import protocol
from slipway.template.protocol import File, Made

def make(made_by, source):
    if made_by and made_by[0] != "new":
        raise ValueError(f"{made_by[0]} is not known")
    given = json.loads(files("slipway.template").joinpath("files.json").read_text())
    found = {path: File(base64.b64decode(text).replace(b"NAME", made_by[1].encode()), protocol.Kind(kind))
             for path, (kind, text) in given["files"].items() if made_by}
    lock = f"# The project's files: slipway {' '.join(made_by)}\\n{source}\\n{given['packages']}"
    return Made(given["version"], found, lock, given["changelog"])

print(protocol.answer(sys.stdin.read(), make))
"""


def wheel(folder: Path, version: str, contents: Contents, changelog: str = "") -> Path:
    """Make a wheel that writes these files; NAME in them is the project's."""
    from base64 import b64encode

    files = {path: one if isinstance(one, File) else File(one) for path, one in contents.items()}
    given = {path: [str(one.kind), b64encode(one.content).decode()] for path, one in files.items()}
    told = {"version": version, "files": given, "changelog": changelog, "packages": f"invoke=={version}\n"}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"slipway_tasks-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("slipway/__init__.py", f'__version__ = "{version}"\n')
        made.writestr("slipway/template/__init__.py", "")
        made.writestr("slipway/template/__main__.py", MAIN)
        made.writestr("slipway/template/files.json", json.dumps(told))
        made.write(ROOT / "slipway/template/protocol.py", "slipway/template/protocol.py")
    return file


def project(root: Path, of: Path, contents: Contents) -> Path:
    """Make a project as that wheel's `new` would."""
    vendored = root / "vendor" / of.name
    vendored.parent.mkdir(parents=True, exist_ok=True)
    vendored.write_bytes(of.read_bytes())
    version, digest = of.name.split("-")[1], sha256(of.read_bytes()).hexdigest()
    line = f"./vendor/{of.name} --hash=sha256:{digest}"
    (root / "slipway.lock").write_text(f"# The project's files: slipway new shop\n{line}\ninvoke=={version}\n")
    for path, one in contents.items():
        file = one if isinstance(one, File) else File(one)
        at = root / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(file.content.replace(b"NAME", b"shop"))
        at.chmod(0o755 if file.kind is Kind.EXECUTABLE else 0o644)
    return root


def shell(root: Path) -> Shell:
    """Return a shell in a project's folder."""
    return Shell(root, Steps())


def prepared(root: Path, to: Path, folder: Path) -> Upgrade:
    """Return what an upgrade to a wheel would do."""
    found = prepare(root, Wanted(wheel=to), shell(root), folder)
    assert isinstance(found, Upgrade)
    return found


def upgraded(root: Path, to: Path, folder: Path) -> list[str]:
    """Upgrade to a wheel; return what is next."""
    return carry_out(prepared(root, to, folder))


def snapshot(root: Path) -> dict[str, bytes]:
    """Return all files of a project, but for what is Slipway's own, and bytecode."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] not in (".slipway", ".git") and path.suffix != ".pyc"
    }
