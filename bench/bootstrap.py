"""What the first `./inv up` costs, from a fresh clone to a served page, without an engine.

Both environments are made. The plain way is `python3 -m venv`, `pip install` of the same packages
with their hashes, and `invoke up`. Ours is done with the uv that slipway.lock pins, with one on PATH, and with pip.

    .venv/bin/python bench/bootstrap.py [RUNS] [cached]
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import ROOT, timed

sys.path.insert(0, str(ROOT))
from slipway.project.lockfile import Lockfile
from slipway.virtualenv import install, uv

LEFT = (".venv", ".slipway", ".env")


class Bench:
    """A clone, and the ways to its first verb."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clone, self.plain = folder, folder / "clone", folder / "plain"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.clone)], check=True)
        self.listing = folder / "requirements.txt"
        lock = Lockfile.read(self.clone)
        self.listing.write_text("\n".join(lock.requirements("main", "dev")))
        (folder / "uv.txt").write_text("\n".join(uv.pinned(self.clone)))
        subprocess.run([*install.base_pip(), *uv.fetch_arguments(folder / "uv.txt", folder)], check=True)
        uv.unpack(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.env = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock", "PORT": str(port)}
        self.env |= {"PIP_CACHE_DIR": str(folder / "pip"), "UV_CACHE_DIR": str(folder / "uv-cache")}
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    def first(self, **env: str) -> float:
        """Time the first verb of a clone."""
        self.clear()
        return timed([str(self.clone / "inv"), "up"], self.clone, self.env | env)

    def by_hand(self, **env: str) -> float:
        """Time the plain way, and the verb."""
        self.clear()
        shutil.rmtree(self.plain, ignore_errors=True)
        given = self.env | env | {"SLIPWAY_SERVICE_VENV": str(self.plain)}
        pip = [
            str(self.plain / "bin/pip"),
            "install",
            "--quiet",
            "--require-hashes",
            "--requirement",
            str(self.listing),
        ]
        invoke = [str(self.plain / "bin/python"), "-m", "invoke", "up"]
        made = timed(["python3", "-m", "venv", str(self.plain)], env=given) + timed(pip, env=given)
        return made + timed(invoke, self.clone, given)

    def clear(self) -> None:
        """Leave a clone as it was."""
        if (self.clone / ".slipway/dev").exists():
            down = [str(self.clone / "inv"), "down", "--volumes", "--yes"]
            subprocess.run(down, cwd=self.clone, env=self.env, check=True, stdout=subprocess.DEVNULL)
        for name in LEFT:
            shutil.rmtree(self.clone / name, ignore_errors=True)
        (self.clone / ".env").unlink(missing_ok=True)
        for cache in list(self.clone.rglob("__pycache__")):
            shutil.rmtree(cache)


def main(runs: int, cached: bool) -> None:
    """Print the seconds of each way, run in turn, and its ratio to the plain one."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        bench = Bench(Path(name))
        cache = {} if cached else {"PIP_NO_CACHE_DIR": "1"}
        path = {"PATH": f"{name}{os.pathsep}{os.environ['PATH']}"}
        with_pip = {"PIP_NO_BUILD_ISOLATION": "1"}  # which uv doesn't know
        ways = {"uv, fetched": cache, "uv on PATH": path | cache, "pip": with_pip | cache}
        rounds = []
        for _ in range(runs + 1):  # once to warm up
            plain = bench.by_hand(**cache)
            rounds.append((plain, *(bench.first(**env) for env in ways.values())))
            sys.stderr.write(f"{' '.join(f'{one:.1f}' for one in rounds[-1])}\n")
        bench.clear()
    for number, way in enumerate(["venv + pip install", *ways]):
        seconds = statistics.median(one[number] for one in rounds[1:])
        ratio = statistics.median(one[number] / one[0] for one in rounds[1:])
        sys.stdout.write(f"./inv up, {way:<20} {seconds:7.1f} s {ratio:5.2f}\n")


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    main(numbers[0] if numbers else 3, "cached" in sys.argv)
