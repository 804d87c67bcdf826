"""The verbs without Docker: real PostgreSQL, real gunicorn."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import cast

import httpx2
import psutil
import pytest

from slipway.project import dotenv
from tests.e2e import asides
from tests.e2e.talk import SECRETS, conversation, done, token
from tests.support import PATIENT, Checkout, free_port, processes_of, wait_for

pytestmark = pytest.mark.minutes(2)


def test_the_life_of_a_service(service: Checkout) -> None:
    first = service.up()
    assert "up · dev" in first.stderr.splitlines()[0]
    assert "runtime    host" in first.stderr
    assert f"http://localhost:{service.env['PORT']}/docs" in first.stdout
    assert (service.root / ".env").stat().st_mode & 0o777 == 0o600
    secret = (service.root / ".env").read_text().split("DATABASE_PASSWORD=")[1].split("\n")[0]
    assert len(secret) >= 32
    assert secret not in first.stdout + first.stderr
    conversation(service.url)

    before = {p.pid for p in processes_of(service.root)}
    again = service.inv("up")  # the runtime is remembered
    assert again.returncode == 0
    assert "already up: nothing to do" in again.stderr
    of_another_branch(service)
    assert {p.pid for p in processes_of(service.root)} == before

    state = json.loads(service.inv("status", "--json").stdout)
    assert state["release"].startswith("0.1.0-dev.")
    assert (state["environment"], state["runtime"], state["service"]["state"]) == ("dev", "host", "ready")
    assert "running" in service.inv("ps").stdout
    assert "GET /posts" in service.inv("logs").stdout
    counted = subprocess.run(
        service.command("psql", "--", "-At"), cwd=service.root, env=service.environ(),
        input="SELECT count(*) FROM posts", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert counted.stdout == "1\n"
    asides.on_this_host(service, dotenv.parse((service.root / ".env").read_text())[0][SECRETS[1]])

    assert service.inv("down").returncode == 0
    assert processes_of(service.root) == []
    assert json.loads(service.inv("status", "--json").stdout)["service"] == {"state": "stopped"}

    refused = service.inv("down", "--volumes")
    assert refused.returncode != 0
    assert "--yes" in refused.stderr
    assert (service.root / ".slipway/dev/postgres").exists()
    assert service.inv("down", "--volumes", "--yes").returncode == 0
    assert not (service.root / ".slipway/dev/postgres").exists()
    assert not (service.root / ".slipway/dev/runtime").exists()


def of_another_branch(service: Checkout) -> None:
    """Let the database be at a revision that is not here, and see that this is said of a service that is up."""
    for to, of in (("0009", "0002"), ("0002", "0009")):
        move = f"UPDATE alembic_version SET version_num = '{to}' WHERE version_num = '{of}'"
        done(service, "psql", "--", "-c", move)
        up = service.inv("up")
        away = to == "0009"
        assert (up.returncode, "The database is at 0009, which is not" in up.stderr) == (int(away), away)


def test_a_migration_is_made_applied_and_a_failing_one_starts_nothing(service: Checkout) -> None:
    service.up()
    service.edit(
        "app/posts/models.py", "    content: Mapped[str]\n", "    content: Mapped[str]\n    mood: Mapped[str | None]\n"
    )
    versions = service.root / "alembic/versions"
    before = set(versions.glob("*.py"))

    made = service.inv("revision", "--message", "add a mood")
    assert made.returncode == 0, made.stderr
    (new,) = set(versions.glob("*.py")) - before
    assert 'sa.Column("mood", sa.String()' in new.read_text().replace("'", '"')
    assert new.stat().st_uid == os.getuid()
    applied = service.inv("migrate")
    assert applied.returncode == 0, applied.stderr
    assert "add a mood" in applied.stderr + applied.stdout
    again = service.inv("revision", "--message", "nothing")
    assert (again.returncode, "no revision was written" in again.stderr) == (1, True)
    conversation(service.url)

    service.inv("down")
    new.write_text(
        new.read_text().replace("def upgrade() -> None:", 'def upgrade() -> None:\n    op.execute("SELECT 1/0")')
    )
    service.inv("down", "--volumes", "--yes")
    failed = service.inv("up", "--runtime", "host")
    assert failed.returncode != 0
    assert "division by zero" in failed.stderr + failed.stdout
    assert "The migration failed" in failed.stderr
    assert processes_of(service.root) == []


def test_of_two_ups_at_once_the_second_has_nothing_to_do(service: Checkout) -> None:
    both = [service.start("up", "--runtime", "host") for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert sum("already up: nothing to do" in text for text in said) == 1
    conversation(service.url)


def test_a_changed_setting_restarts_the_service(service: Checkout) -> None:
    service.up()
    service.edit(".env", "ACCESS_TOKEN_EXPIRE_MINUTES=30", "ACCESS_TOKEN_EXPIRE_MINUTES=7")

    assert "already up" not in service.up().stderr

    with httpx2.Client(base_url=service.url, timeout=PATIENT) as client:
        client.post("/users", json={"email": "a@example.com", "password": "correct horse"})
        token = client.post("/users/token", data={"username": "a@example.com", "password": "correct horse"})
    assert token.json()["expires_in"] == 7 * 60


def test_secrets_are_replaced_by_others_and_what_there_is_stays(service: Checkout) -> None:
    service.up()
    headers = token(service.url)
    before = dotenv.parse((service.root / ".env").read_text())[0]

    done(service, "rotate", "DATABASE_PASSWORD")
    for _ in range(2):  # another key is accepted, and then it signs
        rotated = done(service, "rotate", "SECRET_KEY_FASTAPI_AUTH")
        assert httpx2.get(f"{service.url}/posts", headers=headers, timeout=PATIENT).status_code == 200
    conversation(service.url)
    done(service, "rotate", "SECRET_KEY_FASTAPI_AUTH")
    assert httpx2.get(f"{service.url}/posts", headers=headers, timeout=PATIENT).status_code == 401

    after = dotenv.parse((service.root / ".env").read_text())[0]
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == set(SECRETS)
    assert not any(one in rotated.stdout + rotated.stderr for one in after.values() if len(one) > 40)


BEAT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("finished", flush=True)))
print("first", flush=True)
time.sleep(600)
"""


def test_processes_go_with_the_service_and_are_restarted_with_their_code(service: Checkout) -> None:
    service.write("app/beat.py", BEAT)
    with (service.root / "pyproject.toml").open("a") as file:
        file.write('\n[tool.slipway.processes.beat]\ncommand = "python -m app.beat"\nsingle = true\n')

    def said() -> str:
        return done(service, "logs", "--process", "beat").stdout

    def state() -> dict[str, object]:
        return dict(json.loads(done(service, "status", "--json").stdout)["beat"])

    service.up()
    wait_for(lambda: said() == "first\n")
    assert "beat" in done(service, "ps").stdout
    service.edit("app/beat.py", '"first"', '"second"')
    wait_for(lambda: said().endswith("second\n"))
    assert said().startswith("first\nfinished\n")
    os.kill(cast(int, state()["process"]), signal.SIGKILL)
    wait_for(lambda: state() == {"state": "stopped"})
    assert "already up" not in service.up().stderr
    assert "already up" in service.up().stderr
    assert state()["state"] == "running"
    done(service, "down")
    assert processes_of(service.root) == []
    service.edit("app/beat.py", "import signal", "import nowhere, signal")
    broken = service.inv("up")
    assert (broken.returncode, "No module named 'nowhere'" in broken.stderr) == (1, True)
    assert "beat ended with status 1" in broken.stderr


def test_changed_code_is_reloaded(service: Checkout) -> None:
    service.up()
    service.edit("app/main.py", 'title="Slipway service"', 'title="Another name"')

    wait_for(lambda: name_of(service.url) == "Another name")


def name_of(base: str) -> str:
    """Return the service's name, "" while it restarts."""
    try:
        return str(httpx2.get(base, timeout=5).json()["name"])
    except httpx2.TransportError:
        return ""


def test_production_has_its_own_data_and_is_never_replaced(service: Checkout) -> None:
    service.by_an_ordinary_user().up()
    port = str(free_port())
    first = service.up("--prod", PORT=port)
    assert first.stderr.startswith("up · prod")
    conversation(f"http://127.0.0.1:{port}")
    assert service.inv("psql", "--prod", "--", "-Atc", "SELECT count(*) FROM posts").stdout == "1\n"
    assert service.inv("psql", "--", "-Atc", "SELECT count(*) FROM posts").stdout == "0\n"
    record = (service.root / ".slipway/prod/service.json").read_text()

    assert "already up" in service.up(PORT=port, SLIPWAY_ENV="prod").stderr
    service.edit("app/main.py", 'title="Slipway service"', 'title="Another"')
    refused = service.inv("up", "--prod", PORT=port)
    assert refused.returncode == 1
    assert "never replaces" in refused.stderr
    assert (service.root / ".slipway/prod/service.json").read_text() == record

    refused = service.inv("rotate", "DATABASE_PASSWORD", "--prod", PORT=port)
    assert "The service is away until it has started anew. There is no terminal to ask on" in refused.stderr
    done(service, "rotate", "DATABASE_PASSWORD", "--prod", "--yes", PORT=port)
    conversation(f"http://127.0.0.1:{port}")
    assert service.inv("psql", "--prod", "--", "-Atc", "SELECT count(*) FROM posts").stdout == "2\n"
    conversation(service.url)  # development is as it was
    assert service.inv("down", "--prod").returncode == 0


def test_a_database_elsewhere_is_used_and_none_started(service: Checkout, database_elsewhere: dict[str, str]) -> None:
    service.up(**database_elsewhere)
    conversation(service.url)

    assert not (service.root / ".slipway/dev/postgres").exists()
    state = json.loads(service.inv("status", "--json", **database_elsewhere).stdout)
    assert state["database"]["state"] == "elsewhere"


def without_postgresql() -> str:
    """Return a PATH on which there is no PostgreSQL."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Path(folder, "postgres").exists())


def test_the_wheel_serves_where_no_postgresql_is_installed(service: Checkout) -> None:
    first = service.up(PATH=without_postgresql())
    conversation(service.url)

    assert "PostgreSQL 18" in first.stderr
    assert (
        service.inv("psql", "-c", "SELECT count(*) FROM posts", "--", "-At", PATH=without_postgresql()).stdout == "1\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_namespaces_runs_postgresql_as_nobody(service: Checkout) -> None:
    for name in ("unshare", "setpriv"):
        service.write(f"blocked/{name}", "#!/bin/sh\nexit 1\n")
        (service.root / "blocked" / name).chmod(0o755)
    path = f"{service.root / 'blocked'}{os.pathsep}{os.environ['PATH']}"

    unreachable = service.inv("up", "--runtime", "host", PATH=path)  # pytest's folders are for their owner alone
    assert unreachable.returncode == 1
    assert "refuses to run as root" in unreachable.stderr

    for folder in service.root.parents[:4]:
        if folder.stat().st_uid == 0 and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o011)
    service.up(PATH=path)
    conversation(service.url)
    pid = int((service.root / ".slipway/dev/postgres/postmaster.pid").read_text().splitlines()[0])
    assert psutil.Process(pid).username() == "nobody"
    assert service.inv("down", PATH=path).returncode == 0


def test_a_copy_of_the_folder_does_not_control_the_first(service: Checkout) -> None:
    service.up()
    copy = Checkout(service.root.parent / "a copy", service.env)
    shutil.copytree(service.root, copy.root)

    state = json.loads(copy.inv("status", "--json").stdout)
    assert (state["service"]["state"], state["database"]["state"]) == ("stopped", "stopped")
    assert copy.inv("down").returncode == 0

    conversation(service.url)
