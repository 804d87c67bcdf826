"""How the verbs break on a real Docker Engine."""

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.e2e.support import NAME, containers, run
from tests.e2e.talk import conversation, done, verbs_with_a_broken_env
from tests.support import Checkout, free_port

pytestmark = pytest.mark.minutes(2)


def test_a_taken_port_and_a_bad_env_start_nothing(docker: Checkout) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(docker.env["PORT"])))
        other.listen()
        taken = docker.inv("up")
    assert taken.returncode == 1
    assert f"process {os.getpid()}" in taken.stderr
    assert "--port" in taken.stderr
    assert containers() == []

    docker.edit(".env", "ALGORITHM=HS256", "ALGORITHM=")
    docker.edit(".env", "DATABASE_PORT=5432", "DATABASE_PORTS=5432")
    bad = docker.inv("up")
    assert bad.returncode == 1
    for finding in ("ALGORITHM is empty", "DATABASE_PORT is missing", "did you mean DATABASE_PORT?"):
        assert finding in bad.stderr
    assert containers() == []


def test_a_revision_is_the_callers_and_a_failing_one_starts_nothing(docker: Checkout) -> None:
    done(docker, "up")
    versions = docker.root / "alembic/versions"
    before = set(versions.glob("*.py"))
    docker.edit(
        "app/posts/models.py", "    content: Mapped[str]\n", "    content: Mapped[str]\n    mood: Mapped[str | None]\n"
    )
    done(docker, "revision", "--message", "add a mood")
    (new,) = set(versions.glob("*.py")) - before
    assert "mood" in new.read_text()
    assert new.stat().st_uid == os.getuid()
    migrated = done(docker, "migrate")
    assert "add a mood" in migrated.stdout + migrated.stderr
    conversation(docker.url)

    done(docker, "down", "--volumes", "--yes")
    text = new.read_text().replace("def upgrade() -> None:", 'def upgrade() -> None:\n    op.execute("SELECT 1/0")')
    new.write_text(text)
    failed = docker.inv("up")
    assert failed.returncode != 0
    assert "division by zero" in failed.stdout + failed.stderr
    assert "The migration failed" in failed.stderr
    assert not [name for name in containers() if "web" in name or "migrate" in name]


def test_a_service_that_cannot_start_shows_why_and_is_removed(docker: Checkout) -> None:
    docker.edit("gunicorn.conf.py", "import os\n", "import os\nimport nowhere\n")
    failed = docker.inv("up")
    assert failed.returncode != 0
    assert "No module named 'nowhere'" in failed.stderr
    assert not [name for name in containers() if "web" in name]

    docker.edit("gunicorn.conf.py", "import nowhere\n", "")
    docker.edit("app/main.py", "MAX_BODY =", "import nowhere\n\nMAX_BODY =")
    failed = docker.inv("up")
    assert failed.returncode == 1
    assert "No module named 'nowhere'" in failed.stderr
    assert "The service answers 500" in failed.stderr
    assert not [name for name in containers() if "web" in name]


def test_another_clone_of_the_same_name_touches_nothing(docker: Checkout, tmp_path: Path) -> None:
    done(docker, "up")
    other = Checkout(tmp_path / "other", docker.env)
    run("git", "clone", "--quiet", str(docker.root), str(other.root))

    refused = other.inv("up", "--port", str(free_port()))
    assert refused.returncode == 1
    assert f"up from another folder, {docker.root}" in refused.stderr
    assert "COMPOSE_PROJECT_NAME" in refused.stderr
    shutil.copy(docker.root / ".env", other.root / ".env")
    for verb in (("down", "--volumes", "--yes"), ("migrate",), ("logs",)):
        refused = other.inv(*verb)
        assert refused.returncode == 1
        assert "up from another folder" in refused.stderr
    conversation(docker.url)

    # And down works with a broken .env, and shows nothing of it.
    verbs_with_a_broken_env(docker)
    assert containers() == []


def test_an_interrupted_migration_leaves_no_container(docker: Checkout) -> None:
    (migration,) = (docker.root / "alembic/versions").glob("*_0001_*.py")
    docker.edit(
        str(migration.relative_to(docker.root)), "def upgrade() -> None:",
        'def upgrade() -> None:\n    print("asleep", flush=True)\n    op.execute("SELECT pg_sleep(60)")',
    )  # fmt: skip
    for signum in (signal.SIGINT, signal.SIGTERM):
        with docker.start("up") as process:
            assert process.stdout
            for line in process.stdout:
                if "asleep" in line:
                    process.send_signal(signum)
        assert process.returncode == 128 + signum
        assert run("docker", "ps", "--format", "{{.Names}}", "--filter", f"name={NAME}") == ""


def test_after_sigkill_the_next_up_finishes_the_job(docker: Checkout) -> None:
    with docker.start("up") as process:
        assert process.stdout
        for line in process.stdout:
            if "docker logs --follow" in line:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL
    left_behind = [name for name in containers() if name.startswith(f"{NAME}-migrate-")]
    assert left_behind
    run("docker", "wait", *left_behind)

    done(docker, "up")
    conversation(docker.url)
    assert not [name for name in containers() if "migrate" in name]
