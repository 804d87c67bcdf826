"""What the service has for TLS to a database elsewhere, PostgreSQL's own programs have as well."""

import contextlib
import os
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from slipway.engine.containers import SERVICE, Container
from slipway.runtime import Job, Where
from slipway.runtime.host import HostRuntime
from slipway.runtime.jobs import SCRIPT, read_rows
from tests.slipway.runtime.support import Noting, files_of, on_engine, project, started

DUMP = Job(["pg_dump"], Where.DATABASE)
ROOT = f"root.crt {b64encode(b'the authority').decode()}"
VERIFIED = "DATABASE_SSLMODE=verify-full\nDATABASE_SSLROOTCERT=certs/ca.pem\n"


@pytest.fixture(autouse=True)
def as_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the tests' own database win over .env."""
    for name in [name for name in os.environ if name.startswith("DATABASE_")]:
        monkeypatch.delenv(name)


def add(root: Path, text: str) -> None:
    """Add lines to .env."""
    with (root / ".env").open("a") as file:
        file.write(text)


def test_files_are_found_where_libpq_looks(tmp_path: Path) -> None:
    home, system, ours = tmp_path / "home/.postgresql", tmp_path / "system.pem", tmp_path / "ours.pem"
    home.mkdir(parents=True)
    for file, text in ((home / "root.crt", "home"), (home / "postgresql.crt", "mine"), (system, "system"), (ours, "é")):
        file.write_text(text)

    def shown(root: str, **env: str) -> dict[str, str]:
        argv = ["sh", "-c", SCRIPT, "sh", root]
        env = {"PATH": os.environ["PATH"], "HOME": str(home.parent), **env}
        return read_rows(subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=60).stdout)

    assert shown(str(ours)) == {"root.crt": "é", "postgresql.crt": "mine"}
    assert shown("") == {"root.crt": "home", "postgresql.crt": "mine"}
    assert shown("", PGSSLROOTCERT=str(system))["root.crt"] == "system"
    assert shown("system", SSL_CERT_FILE=str(system))["root.crt"] == "system"
    assert shown("/nowhere.pem", HOME="/nowhere", PGSSLCERT="/nowhere", PGSSLKEY=str(ours)) == {"postgresql.key": "é"}


def test_they_come_from_the_image_that_jobs_run_in(tmp_path: Path) -> None:
    jobs, shell = on_engine(tmp_path, hostname="sql.example.com")
    add(tmp_path, VERIFIED)
    shell.says |= {"exec": ROOT}

    jobs.run(DUMP)
    jobs.run(DUMP)

    runs = [call.argv for call in shell.calls if "--detach" in call.argv]
    assert [("migrate" in run, "db" in run) for run in runs] == [(True, False), (False, True), (False, True)]
    assert "PGSSLROOTCERT=/tmp/secrets/root.crt" in runs[1]
    assert "PGSSLMODE=verify-full" in runs[1]
    files = [files_of(call.given) for call in shell.calls if call.given]
    assert [one["root.crt"] for one in files] == ["the authority"] * 2
    asked = next(call.argv for call in shell.calls if SCRIPT in call.argv)
    assert asked[-1] == "certs/ca.pem"


def test_they_come_from_what_runs_when_there_is_no_image(tmp_path: Path) -> None:
    class Without(Noting):
        def probe(self, argv: list[str], **how: object) -> tuple[int, str, str]:  # type: ignore[override]
            return (1, "", "") if argv[1] == "image" else super().probe(argv, **how)

    jobs, shell = on_engine(tmp_path, hostname="sql.example.com")
    add(tmp_path, VERIFIED)
    jobs.stack.shell = Without(tmp_path, **shell.says, exec=ROOT)
    jobs.stack._seen = [Container("id", name="shop-web-1", labels={SERVICE: "web"})]

    assert jobs.certificates == {"root.crt": "the authority"}
    jobs, shell = on_engine(tmp_path, hostname="sql.example.com")
    jobs.stack.shell = Without(tmp_path, **shell.says)
    jobs.stack._seen = []
    assert jobs.certificates == {}  # PostgreSQL says which file it doesn't find


@pytest.mark.parametrize(("hostname", "more"), [("db", VERIFIED), ("sql.example.com", "")])
def test_nothing_is_asked_without_tls(tmp_path: Path, hostname: str, more: str) -> None:
    jobs, shell = on_engine(tmp_path, hostname)
    add(tmp_path, more)

    jobs.run(DUMP)

    assert "migrate" not in started(shell).argv
    assert jobs.certificates == {}


@pytest.mark.parametrize(("said", "found"), [("certs/ca.pem", "{root}/certs/ca.pem"), ("/ca.pem", "/ca.pem"),
                                             ("system", "system")])  # fmt: skip
def test_on_this_machine_a_path_is_the_services_own(tmp_path: Path, said: str, found: str) -> None:
    checkout, environment, shell = project(tmp_path, "sql.example.com")
    add(tmp_path, VERIFIED.replace("certs/ca.pem", said))
    runtime = HostRuntime(checkout, environment, contextlib.ExitStack())

    runtime.run(DUMP)

    assert shell.calls[-1].hidden["PGSSLROOTCERT"] == found.format(root=tmp_path)
