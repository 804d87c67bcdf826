"""As whom PostgreSQL runs when root calls."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from slipway.core.errors import Problem
from slipway.project.database import Database
from slipway.runtime.identity import AS_ROOT, NOBODY, Identity, closed_folders, identity
from slipway.runtime.installations import Binaries, installations, pick
from slipway.runtime.postgres import FAST, Server

LOGIN = Database("app", "correct-horse-battery", "app")
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


def test_the_outermost_folders_that_others_may_not_enter_are_found(tmp_path: Path) -> None:
    for name in ("open/data", "closed/inside/data", "closed/data", "other/programs"):
        (tmp_path / name).mkdir(parents=True)
    for folder in (tmp_path / "closed/inside", tmp_path / "closed", tmp_path / "other"):
        folder.chmod(0o700)
    tops = [folder for folder in reversed(tmp_path.parents) if not folder.stat().st_mode & 1]

    def closed(*names: str) -> list[str]:
        found = closed_folders([tmp_path / name for name in names])
        return [str(one.relative_to(tmp_path)) for one in found if one not in (*tops, tmp_path)]

    for folder in (*tops, tmp_path):
        folder.chmod(folder.stat().st_mode | 1)
    assert closed("open/data") == []
    assert closed("closed/inside/data", "closed/data") == ["closed"]
    (tmp_path / "closed").chmod(0o755)
    assert closed("closed/inside/data", "open/data", "other/programs") == ["closed/inside", "other"]


def test_who_is_not_root_stays_who_he_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert identity(pick(installations(), None), tmp_path) == Identity()


@only_root
@pytest.mark.parametrize("mode", [0o700, 0o755], ids=["closed", "open"])
def test_root_runs_it_as_nobody_who_reads_nothing_of_roots(tmp_path: Path, mode: int) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    tmp_path.chmod(mode)
    secret = tmp_path / "secret"
    secret.write_text("of root")
    secret.chmod(0o600)
    server = Server(tmp_path / "data")
    try:
        server.start(LOGIN, settings=FAST)
        running = server.running()
        assert running
        assert psutil.Process(running[0]).username() == NOBODY
        assert server.remarks == []
        for file in (secret, "/etc/shadow", server.secret):
            with pytest.raises(Problem, match=r"Permission denied|No such file"):
                server.as_superuser("SELECT pg_read_file(:'file')", values={"file": str(file)})
        program = "COPY (SELECT 1) TO PROGRAM 'test $(id -u) = 0'"
        with pytest.raises(Problem, match="failed"):  # nobody's number is another one
            server.as_superuser(program)
    finally:
        server.stop()


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


@only_root
def test_only_where_nothing_else_works_it_is_root_in_a_user_namespace_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = ["unshare", "--user", "--map-user=1000", "true"]
    if not Identity(prefix=tuple(namespace[:-1])).reaches("true", tmp_path):
        pytest.skip("user namespaces are blocked here")
    real = shutil.which("unshare")
    tmp_path.chmod(0o700)
    fake = tmp_path / "programs/unshare"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\ncase "$1" in --mount) exit 1;; esac\nexec {real} "$@"\n'
    )  # as a container may refuse it
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    server = Server(tmp_path / "data")
    try:
        server.start(LOGIN, settings=FAST)
        assert server.remarks == [AS_ROOT]
    finally:
        server.stop()

    fake.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(Problem, match="nobody cannot get there"):
        server.start(LOGIN)


@only_root
def test_programs_in_a_closed_folder_are_reached_with_the_libraries_of_their_wheel(tmp_path: Path) -> None:
    library, program = tmp_path / "wheel.libs/library", tmp_path / "wheel/installed/bin/postgres"
    for file in (library, program):
        file.parent.mkdir(parents=True)
    library.write_text("18")
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/../../../wheel.libs/library"\n')
    program.chmod(0o755)
    (tmp_path / "data").mkdir()
    tmp_path.chmod(0o700)
    if not Identity(prefix=("unshare", "--mount")).reaches("true", tmp_path):
        pytest.skip("mount namespaces are blocked here")

    run_as = identity(Binaries(program.parent, 18), tmp_path / "data")

    assert (run_as.owner, run_as.remark) == (NOBODY, "")
    done = subprocess.run([*run_as.prefix, str(program)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "18"


def test_a_program_at_the_top_needs_its_own_folder_alone() -> None:
    assert Binaries(Path("/bin"), 15).needed == [Path("/")]
    assert Binaries(Path("/usr/bin"), 15).needed == [Path("/usr")]
