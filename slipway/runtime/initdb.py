"""The data of a PostgreSQL on this machine, made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from slipway.core import disk
from slipway.core.errors import Problem
from slipway.core.programs import ended
from slipway.project.database import SUPERUSER
from slipway.runtime.identity import environ, identity, maker
from slipway.runtime.installations import Binaries

LIMIT = 300  # seconds


def initdb(binaries: Binaries, data: Path, password: str, sync: bool) -> None:
    """Make the data, whose superuser has this password; raises Problem.

    It is made beside and renamed: an initdb that was killed leaves nothing that looks like data.
    """
    beside = data.with_name(f"{data.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    file = beside / "password"
    file.touch(mode=0o600)
    file.write_text(f"{password}\n")
    try:
        run_as = identity(binaries, beside) if os.geteuid() == 0 else maker()
        run_as.own(beside)
        command = [*run_as.prefix, *initdb_command(binaries, beside.resolve(), sync)]

        def started() -> "subprocess.Popen[str]":
            pipe = subprocess.PIPE
            return subprocess.Popen(command, env=environ(), stdout=pipe, stderr=pipe, text=True, **run_as.options)

        with ended(started) as process:
            _, said = process.communicate(timeout=LIMIT)
        if process.returncode:
            why = f" {disk.full(data)}" if disk.is_full(said) else ""
            raise Problem(f"{said.strip()}\nPostgreSQL's data could not be made in {data}.{why}")
        (beside / "data").rename(data)
    except subprocess.TimeoutExpired:
        raise Problem(f"PostgreSQL's data could not be made in {data} in {LIMIT} s.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def initdb_command(binaries: Binaries, beside: Path, sync: bool) -> list[str]:
    """Return the command line that makes the data."""
    locale = ["--no-locale"]
    if binaries.major >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
    elif sys.platform == "linux":
        locale = ["--locale=C.UTF-8"]
    argv = [
        binaries["initdb"],
        "-D",
        str(beside / "data"),
        f"--username={SUPERUSER}",
        f"--pwfile={beside / 'password'}",
    ]
    return [*argv, "--auth=scram-sha-256", "--encoding=UTF8", *locale, *([] if sync else ["--no-sync"])]
