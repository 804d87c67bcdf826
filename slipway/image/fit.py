"""Puts what Slipway needs beside a service's own environment, in whose Python it runs while the image is built.

As root, with the standard library of Python 3.10 alone. `fit.json` beside it says what; the tree that it makes is
copied into `/`.
"""

import compileall
import importlib.util
import json
import os
import pwd
import py_compile
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = Path("/slipway-tree")
HOME = Path("/opt/slipway")
EPOCH = 315532800  # of what is the same in every build
# What each package is imported as; of those that are there, the service's own serve.
NAMES = {
    "click": "click", "gunicorn": "gunicorn", "h11": "h11", "psycopg": "psycopg", "psycopg-binary": "psycopg",
    "typing-extensions": "typing_extensions", "uvicorn": "uvicorn", "uvicorn-worker": "uvicorn_worker",
}  # fmt: skip


def main() -> None:
    """Make the tree."""
    told = json.loads((HERE / "fit.json").read_text(encoding="utf-8"))
    target = _folder(HOME)
    shutil.copytree(HERE / "slipway", target / "slipway")
    shutil.copyfile(HERE / "gunicorn.conf.py", target / "gunicorn.conf.py")
    _install(told["packages"], target / "packages")
    if not (Path(sys.executable).parent / "python").exists():
        (target / "bin").mkdir()
        (target / "bin" / "python").symlink_to(sys.executable)
    # Behind what the environment has itself.
    (_folder(Path(told["folder"])) / "slipway.pth").write_text(f"{HOME}\n{HOME / 'packages'}\n")
    compileall.compile_dir(
        target,
        quiet=2,
        stripdir=str(TREE),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    ours = [target, *target.rglob("*"), TREE / told["folder"].lstrip("/") / "slipway.pth"]
    for one in ours:
        if not one.is_symlink():
            mode = 0o755 if one.is_dir() or one.stat().st_mode & stat.S_IXUSR else 0o644
            one.chmod(mode)
        os.utime(one, (EPOCH, EPOCH), follow_symlinks=False)
    for folder in told["writable"]:
        _give(Path(folder), *_owner(told["user"]))
    _settle([HOME, *map(Path, told["writable"])])


def _folder(path: Path) -> Path:
    # Each folder above as it is in the image: what is copied onto it would change it otherwise.
    made = TREE / str(path).lstrip("/")
    made.mkdir(parents=True, exist_ok=True)
    for one in (path, *path.parents):
        if one.exists():
            status = one.stat()
            os.chown(TREE / str(one).lstrip("/"), status.st_uid, status.st_gid)
            shutil.copystat(one, TREE / str(one).lstrip("/"))
    return made


def _give(path: Path, user: int, group: int) -> None:
    target = TREE / str(path).lstrip("/")
    _folder(path.parent)
    if path.is_dir():
        shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
    else:
        target.mkdir(parents=True, exist_ok=True)
        os.utime(target, (EPOCH, EPOCH))
    for one in (target, *target.rglob("*")):
        os.chown(one, user, group, follow_symlinks=False)
    # What is mounted there in production is root's, with this mode: runc before 1.2 hears of no other.
    target.chmod(0o1777)


def _settle(done: "list[Path]") -> None:
    # What was made in a folder has changed its time. Those above what is `done` get that of the image, as far as this
    # build has not changed it.
    for one in (TREE, *(folder for folder in TREE.rglob("*") if folder.is_dir() and not folder.is_symlink())):
        path = Path("/", one.relative_to(TREE))
        if any(path.is_relative_to(folder) for folder in done):
            continue
        is_known = path.is_dir() and path != Path("/")
        time = path.stat().st_mtime_ns if is_known else EPOCH * 10**9
        os.utime(one, ns=(time, time))


def _owner(user: str) -> tuple[int, int]:
    name, _, group = user.partition(":")
    if name.isdigit():
        return int(name), int(group) if group.isdigit() else int(name)
    found = pwd.getpwnam(name)
    return found.pw_uid, found.pw_gid


def _install(wanted: "list[str]", target: Path) -> None:
    target.mkdir()
    names = {name for name in wanted if importlib.util.find_spec(NAMES[name]) is None}
    listed = re.split(r"\n(?=\S)", (HERE / "server.txt").read_text(encoding="utf-8"))
    lines = [one for one in listed if one.split("==")[0] in names]
    if not lines:
        return
    listing = Path("/tmp/slipway-server.txt")  # noqa: S108
    listing.write_text("\n".join(lines), encoding="utf-8")
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-compile", "--ignore-installed"]
    command = [
        "install",
        "--quiet",
        "--root-user-action",
        "ignore",
        *options,
        "--target",
        str(target),
        "-r",
        str(listing),
    ]
    code = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('pip', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code, _pip(sorted(names)), *command], check=False)
    if done.returncode:
        raise SystemExit(f"{', '.join(sorted(names))} could not be installed beside the service (see above).")


def _pip(names: "list[str]") -> str:
    # Where a pip is: the environment's, that of the Python which it was made of, the one that Python brings.
    if importlib.util.find_spec("pip"):
        return ""
    base = [sys._base_executable, "-c", "import os, pip; print(os.path.dirname(os.path.dirname(pip.__file__)))"]  # type: ignore[attr-defined]
    done = subprocess.run(base, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if not done.returncode:
        return done.stdout.strip()
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip and ensurepip.origin:
        for wheel in Path(ensurepip.origin).parent.glob("_bundled/pip-*.whl"):
            return str(wheel)
    raise SystemExit(
        f"The image has no pip to install {', '.join(names)} with: add these to the service's own packages."
    )


if __name__ == "__main__":
    main()
