"""How the verbs break on a real Docker Engine."""

import json
import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.e2e import changes
from tests.e2e.production import PROD, deployed, in_volumes, webs
from tests.e2e.support import NAME, containers, run, volumes
from tests.e2e.talk import conversation, done, telling_nothing, verbs_with_a_broken_env
from tests.support import Checkout, free_port

pytestmark = pytest.mark.minutes(2)


def test_a_taken_port_and_a_bad_env_start_nothing(docker: Checkout) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections to it of a test before may linger
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


def test_what_needs_a_release_leaves_nothing_where_there_is_none(docker: Checkout) -> None:
    none = "Nothing was started with docker yet: there is no database, and none was made"
    refusals = {
        ("rollback",): "No release is live", ("rotate", "SECRET_KEY_FASTAPI_AUTH", "--prod"): "No release is live",
        ("rotate", "NOPE", "--prod"): "NOPE is no secret", ("psql", "--prod"): "The database is not running",
        ("backup", "--prod"): none, ("migrate", "--prod"): none, ("downgrade", "--prod", "--to", "base"): none,
        ("restore", "--prod"): "There is no backup",
    }  # fmt: skip
    for verb, said in refusals.items():
        refused = docker.inv(*verb)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
    assert "there is no backup" in done(docker, "backup", "--prod", "--list").stderr
    networks = run("docker", "network", "ls", "--quiet", "--filter", f"name={NAME}")
    assert (containers(), volumes(), networks.split()) == ([], [], [])


def test_a_revision_is_the_callers(docker: Checkout) -> None:
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


@pytest.mark.full  # without Docker it is in the other run
def test_a_failing_revision_starts_nothing(docker: Checkout) -> None:
    changes.revision(docker, "0003", "0002", "expand", '    op.execute("SELECT 1/0")\n', "    pass\n")
    failed = docker.inv("up")
    assert failed.returncode != 0
    assert "division by zero" in failed.stdout + failed.stderr
    assert "The migration failed" in failed.stderr
    assert not [name for name in containers() if "web" in name or "migrate" in name]


@pytest.mark.parametrize(
    ("file", "line", "how"),
    [
        pytest.param("gunicorn.conf.py", "import os\n", "ended with status", marks=pytest.mark.full),
        ("app/main.py", "MAX_BODY =", "answers 500"),
    ],
)
def test_a_service_that_cannot_start_shows_why_and_is_removed(docker: Checkout, file: str, line: str, how: str) -> None:
    docker.edit(file, line, f"import nowhere\n\n{line}")
    failed = docker.inv("up")
    assert failed.returncode == 1
    assert "No module named 'nowhere'" in failed.stderr
    assert f"The service {how}" in failed.stderr
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


def client_with_a_dead_proxy(folder: Path, password: str) -> str:
    """Make a folder for DOCKER_CONFIG: this machine's, and a proxy at which nobody listens."""
    here = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    folder.mkdir()
    for one in here.iterdir() if here.exists() else ():
        if one.is_dir():  # plugins and contexts; not who is logged in
            (folder / one.name).symlink_to(one)
    own = here / "config.json"
    config = json.loads(own.read_text()) if own.exists() else {}
    kept = {name: config[name] for name in ("currentContext", "cliPluginsExtraDirs") if name in config}
    nobody = f"http://ann:{password}@127.0.0.1:9"
    proxies = {"httpProxy": nobody, "httpsProxy": nobody, "noProxy": "*.corp.example"}
    (folder / "config.json").write_text(json.dumps(kept | {"proxies": {"default": proxies}}))
    return str(folder)


def environment(name: str) -> dict[str, str]:
    """Return a container's variables."""
    values = json.loads(run("docker", "inspect", "--format", "{{json .Config.Env}}", name))
    return {name: value for name, _, value in (one.partition("=") for one in values)}


def test_a_companys_proxy_is_the_services_and_is_not_asked_for_what_is_near(docker: Checkout, tmp_path: Path) -> None:
    deployed(docker, "--bake", "0")  # by somebody without one, who has built the image as well
    kept = run("docker", "inspect", "--format", "{{.Id}}", f"{PROD}-db-1")
    (first,) = webs()
    assert not [name for name in environment(first) if "proxy" in name.lower()]

    config = client_with_a_dead_proxy(tmp_path / "docker", "correct-horse")
    # Another address makes the proxy's container anew as well.
    again = docker.inv("deploy", "--yes", "--bake", "0", DOCKER_CONFIG=config, ACME_EMAIL="ann@example.com")
    assert again.returncode == 0, again.stderr
    assert "new NO_PROXY, no_proxy" in again.stderr
    assert "proxy      made anew" in again.stderr
    assert "correct-horse" not in again.stdout + again.stderr
    assert "correct-horse" not in in_volumes("cat", "/ledger/releases.jsonl")
    conversation(docker.url)

    (web,) = webs()
    assert web != first
    given = environment(web)
    assert given["HTTP_PROXY"] == given["https_proxy"] == "http://ann:correct-horse@127.0.0.1:9"
    alias = f"web-{web.removeprefix(f'{PROD}-').removesuffix('-web-1')}"
    near = f"*.corp.example,localhost,127.0.0.1,::1,db,web,proxy,{alias}"
    assert given["NO_PROXY"] == given["no_proxy"] == near
    for name in (f"{PROD}-proxy-1", f"{PROD}-db-1"):
        assert not [value for one, value in environment(name).items() if "proxy" in one.lower() and value], name
    assert run("docker", "inspect", "--format", "{{.Id}}", f"{PROD}-db-1") == kept


@pytest.mark.full  # what programs print passes through the same place without Docker
def test_a_migration_and_a_service_that_tell_their_secrets_show_none(docker: Checkout) -> None:
    telling_nothing(docker, "alembic/env.py", "logging.basicConfig(", ("up",))
    telling_nothing(docker, "app/main.py", "MAX_BODY =", ("deploy", "--yes"))
