"""As whom PostgreSQL runs when root calls."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from slipway.core.errors import Problem
from slipway.project.database import Database
from slipway.runtime.identity import ANYWHERE, AS_ROOT, NOBODY, Identity, closed_folders, identity, maker
from slipway.runtime.installations import Binaries, installations, pick
from slipway.runtime.postgres import FAST, Server

LOGIN = Database("app", "correct-horse-battery", "app")
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose modes are the test's own: pytest closes its folders whenever another one begins."""
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
    finally:
        os.umask(before)


@contextlib.contextmanager
def run_by_nobody(folder: Path) -> Iterator[Server]:
    """Give a server whose data is in a folder, and see that it runs as nobody."""
    server = Server(folder / "data")
    try:
        server.start(LOGIN, settings=FAST)
        running = server.running()
        assert running
        assert psutil.Process(running[0]).username() == NOBODY
        yield server
    finally:
        server.stop()


def test_the_outermost_folders_that_others_may_not_enter_are_found(folder: Path) -> None:
    for name in ("open/data", "closed/inside/data", "closed/data", "other/programs"):
        (folder / name).mkdir(parents=True)
    for name in ("closed/inside", "closed", "other"):
        (folder / name).chmod(0o700)

    def closed(*names: str) -> list[str]:
        return [str(one.relative_to(folder)) for one in closed_folders([folder / name for name in names])]

    assert closed("open/data", "closed/data") == ["."]
    folder.chmod(0o755)
    assert closed("open/data") == []
    assert closed("closed/inside/data", "closed/data") == ["closed"]
    (folder / "closed").chmod(0o755)
    assert closed("closed/inside/data", "open/data", "other/programs") == ["closed/inside", "other"]


def test_who_is_not_root_stays_who_he_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert identity(pick(installations(), None), tmp_path) == Identity()


@only_root
@pytest.mark.parametrize("mode", [0o700, 0o755], ids=["closed", "open"])
def test_root_runs_it_as_nobody_who_reads_nothing_of_roots(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    closed = closed_folders([folder / "data", *pick(installations(), None).needed])
    if closed and not Identity(prefix=("unshare", "--mount")).reaches("true", folder):
        pytest.skip("mount namespaces are blocked here")
    secret = folder / "secret"
    secret.write_text("of root")
    secret.chmod(0o600)
    with run_by_nobody(folder) as server:
        assert server.remarks == []
        for file in (secret, "/etc/shadow", server.secret):
            with pytest.raises(Problem, match=r"Permission denied|No such file"):
                server.as_superuser("SELECT pg_read_file(:'file')", values={"file": str(file)})
        program = "COPY (SELECT 1) TO PROGRAM 'test $(id -u) = 0'"
        with pytest.raises(Problem, match="failed"):  # nobody's number is another one
            server.as_superuser(program)


@only_root
def test_data_that_was_roots_becomes_nobodys_but_no_link_in_it_leads_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    data = tmp_path / "data"
    (data / "base").mkdir(parents=True)
    (data / "base/1").touch()
    (data / "link").symlink_to(outside)
    (data / "folder").symlink_to(tmp_path)

    Identity(user=NOBODY, owner=NOBODY).own(data)

    assert [path.owner() for path in (data, data / "base", data / "base/1")] == [NOBODY] * 3
    assert outside.owner() == tmp_path.owner() == "root"
    Identity(remark=AS_ROOT).own(data)
    assert (data / "base/1").owner() == "root"


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """Put a program first on PATH that fails where a container would not let it."""
    fake = folder / "programs" / name
    fake.parent.mkdir(exist_ok=True)
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")


@only_root
def test_without_namespaces_nobody_may_enter_closed_folders_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.chmod(0o700)
    refused(folder, monkeypatch, "unshare", "exit 1")  # as in a container
    with run_by_nobody(folder) as server:
        assert server.remarks == [ANYWHERE]


def test_who_has_no_name_makes_the_data_as_somebody_who_has_or_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.suppress(KeyError):
        assert pwd.getpwuid(os.geteuid()) and maker() == Identity()
    monkeypatch.setattr(os, "geteuid", lambda: 64123)
    refused(folder, monkeypatch, "unshare", 'while [ "$1" != sh ]; do shift; done; exec "$@"')
    assert maker().prefix[:2] == ("unshare", "--user")
    refused(folder, monkeypatch, "unshare", "exit 1")
    with pytest.raises(Problem, match=r"64123 has none in /etc/passwd\. Give it one, as root \(echo 'dev:x:64123:"):
        maker()


@only_root
def test_only_where_nothing_else_works_it_is_root_in_a_user_namespace_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Identity(prefix=("unshare", "--user", "--map-user=1000")).reaches("true", folder):
        pytest.skip("user namespaces are blocked here")
    folder.chmod(0o700)
    refused(folder, monkeypatch, "unshare", f'case "$1" in --mount) exit 1;; esac\nexec {shutil.which("unshare")} "$@"')
    refused(folder, monkeypatch, "setpriv", "exit 1")
    server = Server(folder / "data")
    try:
        server.start(LOGIN, settings=FAST)
        assert server.remarks == [AS_ROOT]
    finally:
        server.stop()

    refused(folder, monkeypatch, "unshare", "exit 1")
    with pytest.raises(Problem, match="nobody cannot get there"):
        server.start(LOGIN)


@only_root
def test_programs_in_a_closed_folder_are_reached_with_the_libraries_of_their_wheel(folder: Path) -> None:
    library, program = folder / "wheel.libs/library", folder / "wheel/installed/bin/postgres"
    for file in (library, program):
        file.parent.mkdir(parents=True)
    library.write_text("18")
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/../../../wheel.libs/library"\n')
    program.chmod(0o755)
    (folder / "data").mkdir()
    folder.chmod(0o700)
    if not Identity(prefix=("unshare", "--mount")).reaches("true", folder):
        pytest.skip("mount namespaces are blocked here")

    run_as = identity(Binaries(program.parent, 18), folder / "data")

    assert (run_as.owner, run_as.remark) == (NOBODY, "")
    done = subprocess.run([*run_as.prefix, str(program)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "18"


def test_a_program_at_the_top_needs_its_own_folder_alone() -> None:
    assert Binaries(Path("/bin"), 15).needed == [Path("/")]
    assert Binaries(Path("/usr/bin"), 15).needed == [Path("/usr")]
