"""Time two commands in turn and print their ratio.

On a shared machine a time alone says little; two commands that run A B A B in one go say how much longer one takes.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def timed(argv: Sequence[str], cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> float:
    """Return the seconds that a command takes; it has to succeed."""
    began = time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{argv}\n{done.stdout}{done.stderr}")
    return taken


def compare(name: str, one: Callable[[], float], other: Callable[[], float], runs: int) -> float:
    """Run both in turn, once to warm up; print medians and the median ratio."""
    pairs = [(one(), other()) for _ in range(runs + 1)][1:]
    ratio = statistics.median(a / b for a, b in pairs)
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    sys.stdout.write(f"{name:<58} {first:7.3f} s / {second:7.3f} s = {ratio:5.2f}\n")
    return ratio
