"""How the verbs break without Docker: real signals, real mistakes."""

import json
import os
import signal
import socket

import httpx2
import psutil
import pytest

from tests.e2e.talk import conversation, telling_nothing, verbs_with_a_broken_env
from tests.support import Checkout, free_port, processes_of, wait_for

pytestmark = pytest.mark.minutes(2)


def test_a_port_that_is_taken_is_named_before_anything_starts(service: Checkout) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(service.env["PORT"])))
        other.listen()
        done = service.inv("up", "--runtime", "host")

    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr
    assert "--port" in done.stderr
    assert processes_of(service.root) == []
    assert not (service.root / ".slipway/dev/postgres").exists()

    other_port = str(free_port())
    assert f"http://localhost:{other_port}" in service.up("--port", other_port).stdout
    assert "already up" in service.inv("up").stderr  # on the port that it has


@pytest.mark.parametrize(
    ("moment", "signum"),
    [
        ("database   PostgreSQL", signal.SIGTERM),
        ("0001       expand", signal.SIGINT),
        ("-m gunicorn", signal.SIGTERM),
        pytest.param("database   PostgreSQL", signal.SIGINT, marks=pytest.mark.full),
        pytest.param("0001       expand", signal.SIGTERM, marks=pytest.mark.full),
        pytest.param("-m gunicorn", signal.SIGINT, marks=pytest.mark.full),
    ],
)
def test_an_interrupted_up_leaves_nothing_running(service: Checkout, moment: str, signum: signal.Signals) -> None:
    with service.start("up", "--runtime", "host") as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if moment in line:
                process.send_signal(signum)

    assert process.returncode == 128 + signum, "".join(said)
    assert processes_of(service.root) == []
    conversation_after_recovery(service)


def conversation_after_recovery(service: Checkout) -> None:
    """Show that what was interrupted can simply be repeated."""
    service.up()
    conversation(service.url)


@pytest.mark.parametrize(
    "moment", [pytest.param("settings ", marks=pytest.mark.full), "database   PostgreSQL", "-m gunicorn"]
)
def test_after_sigkill_the_next_up_takes_over(service: Checkout, moment: str) -> None:
    with service.start("up", "--runtime", "host") as process:
        assert process.stdout
        for line in process.stdout:
            if moment in line:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL

    conversation_after_recovery(service)
    masters = [p for p in processes_of(service.root) if p.ppid() not in {q.pid for q in processes_of(service.root)}]
    assert len(masters) == 2  # one gunicorn, one PostgreSQL


def test_a_killed_server_is_replaced_and_its_workers_with_it(service: Checkout) -> None:
    service.up()
    record = json.loads((service.root / ".slipway/dev/service.json").read_text())
    os.kill(record["pid"], signal.SIGKILL)

    conversation_after_recovery(service)


def test_a_service_that_cannot_start_shows_why(service: Checkout) -> None:
    service.edit("gunicorn.conf.py", "import os\n", "import os\nimport nowhere\n")

    done = service.inv("up", "--runtime", "host")

    assert done.returncode != 0
    assert "No module named 'nowhere'" in done.stderr
    assert processes_of(service.root) == []


@pytest.mark.parametrize("mistake", [pytest.param("def broken(:\n", marks=pytest.mark.full), "import nowhere\n"])
def test_a_mistake_in_the_code_is_shown_and_its_correction_picked_up(service: Checkout, mistake: str) -> None:
    with (service.root / "app/main.py").open("a") as file:
        file.write(mistake)
    done = service.inv("up", "--runtime", "host")
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr or "No module named 'nowhere'" in done.stderr
    assert "The service answers 500" in done.stderr
    assert processes_of(service.root) == []

    service.edit("app/main.py", mistake, "")
    service.up()
    with (service.root / "app/health.py").open("a") as file:
        file.write(mistake)
    wait_for(lambda: answer_of(service.url) == 500)
    there = {p.pid for p in processes_of(service.root)}
    again = service.inv("up")
    assert again.returncode == 1
    assert "The service answers 500" in again.stderr
    assert "It goes on, and loads its code anew" in again.stderr
    assert there & {p.pid for p in processes_of(service.root)} == there
    assert json.loads(service.inv("status", "--json").stdout)["service"]["state"] == "not ready"
    service.edit("app/health.py", mistake, "")

    def corrected() -> bool:
        answer = answer_of(service.url)
        if answer == 500:  # gunicorn misses a change that comes before it has looked at the file once
            (service.root / "app/health.py").touch()
        return answer == 200

    wait_for(corrected)


def test_a_wrong_setting_and_another_place_of_the_database_are_told_and_followed(service: Checkout) -> None:
    # Not a port that the kernel gives to clients: any program's connection could have it once nothing listens there.
    service.edit(".env.example", "DATABASE_PORT=5432", f"DATABASE_PORT={free_port()}")
    service.up()
    service.edit(".env", "ALGORITHM=HS256", "ALGORITHM=HS255")
    wrong = service.inv("up")
    assert wrong.returncode == 1
    assert "Wrong setting ALGORITHM" in wrong.stderr
    assert "The service answers 500" in wrong.stderr
    service.edit(".env", "ALGORITHM=HS255", "ALGORITHM=HS256")
    service.up()
    lines = (service.root / ".slipway/dev/postgres/postmaster.pid").read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGKILL)
    with socket.socket() as other:
        wait_for(lambda: not psutil.pid_exists(int(lines[0])))
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(lines[3])))
        other.listen()
        assert f":{lines[3]} " not in service.up().stderr.split("database   ")[1].split("\n")[0]
        conversation(service.url)


def answer_of(base: str) -> int:
    """Return the status of the index, 0 while nothing answers."""
    try:
        return httpx2.get(base, timeout=5).status_code
    except httpx2.TransportError:
        return 0


def test_data_of_another_user_or_version_is_refused(service: Checkout) -> None:
    service.up()
    service.inv("down")
    service.edit(".env", "DATABASE_USERNAME=slipway", "DATABASE_USERNAME=another")

    other = service.inv("up")
    assert other.returncode == 1
    assert "another user or password" in other.stderr
    assert processes_of(service.root) == []

    service.edit(".env", "DATABASE_USERNAME=another", "DATABASE_USERNAME=slipway")
    version = service.root / ".slipway/dev/postgres/PG_VERSION"
    right = version.read_text()
    version.write_text("9\n")
    older = service.inv("up")
    assert older.returncode == 1
    assert "made by PostgreSQL 9" in older.stderr
    version.write_text(right)
    conversation_after_recovery(service)


def test_an_unreachable_database_is_named_within_the_limit(service: Checkout) -> None:
    service.edit("pyproject.toml", "[tool.slipway]\n", "[tool.slipway]\nwait = 1\n")
    port = str(free_port())

    done = service.inv("up", "--runtime", "host", DATABASE_HOSTNAME="127.0.0.1", DATABASE_PORT=port)

    assert done.returncode == 1
    assert f"127.0.0.1:{port} could not be reached in 1 s" in done.stderr
    assert processes_of(service.root) == []


def test_what_runs_in_a_folder_that_was_moved_is_known_there_and_begun_anew(service: Checkout) -> None:
    service.up()
    before, place = {p.pid for p in processes_of(service.root)}, service.root
    moved = place.rename(place.with_name("moved"))
    service.root = moved
    try:
        state = json.loads(service.inv("status", "--json").stdout)
        assert state["service"]["state"] == "ready"
        assert "before this folder was moved: ./inv down, then ./inv up" in state["service"]["why"]
        assert state["database"]["state"] == "running"
        conversation_after_recovery(service)
        assert not before & {p.pid for p in processes_of(moved)}
        assert "why" not in json.loads(service.inv("status", "--json").stdout)["service"]
        service.root = moved.rename(place)
        assert service.inv("down").stderr.count("stopped  ") == 2
        assert processes_of(place) == []
    finally:
        service.root = place if place.exists() else moved


def test_down_and_status_work_with_a_broken_env_and_show_nothing_of_it(service: Checkout) -> None:
    service.up()
    verbs_with_a_broken_env(service)
    assert processes_of(service.root) == []


def test_a_migration_and_a_service_that_tell_their_secrets_show_none(service: Checkout) -> None:
    telling_nothing(service, "alembic/env.py", "logging.basicConfig(", ("up", "--runtime", "host"), ("migrate",))
    telling_nothing(service, "app/main.py", "MAX_BODY =", ("up",))
