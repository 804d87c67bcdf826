"""The verbs on a real Docker Engine."""

import json
import os
import re
import subprocess
from pathlib import Path

import httpx2
import jwt
import pytest

from slipway.project import dotenv
from tests.e2e import asides, beside
from tests.e2e.companions import has_companions, started_in_development
from tests.e2e.secrecy import watched
from tests.e2e.support import NAME, commit, containers, run
from tests.e2e.talk import ask, conversation, done, eventually, token
from tests.support import PATIENT, ROOT, Checkout, free_port, random_values, wait_for

pytestmark = pytest.mark.minutes(2)
KEY = "SECRET_KEY_FASTAPI_AUTH"
ACCEPTED = (f"{KEY}_NEXT", f"{KEY}_PREVIOUS")
SECRETS = ("DATABASE_PASSWORD", KEY, *ACCEPTED)


def secrets_of(checkout: Checkout, file: str = ".env") -> list[str]:
    """Return the secret values of a settings file."""
    values, _ = dotenv.parse((checkout.root / file).read_text())
    return [values[name] for name in SECRETS]


def test_the_lifecycle_from_the_build_on(docker: Checkout) -> None:
    mount = "      - ./gunicorn.conf.py:/srv/gunicorn.conf.py:ro\n"
    docker.edit("compose.override.yaml", mount, f"{mount}      - uploads:/srv/uploads\n")
    docker.edit("compose.override.yaml", "services:\n", "volumes:\n  uploads:\n\nservices:\n")
    has_companions(docker, "compose.override.yaml")
    beside.has_one_that_says(docker)
    commit(docker, "Uploads")
    tag = done(docker, "build").stdout.strip()
    assert re.fullmatch(rf"{NAME}:0\.1\.0-dev\.\d+-[0-9a-f]{{12}}", tag)
    labels = json.loads(run("docker", "image", "inspect", "--format", "{{json .Config.Labels}}", tag))
    assert labels["org.opencontainers.image.revision"] == run("git", "rev-parse", "HEAD", cwd=docker.root)
    assert labels["org.opencontainers.image.version"] == tag.partition(":")[2]

    assert "There is no .env" in docker.inv("migrate").stderr
    docker.write(".env", env_of_its_own(docker))
    migrated = done(docker, "migrate")
    assert "0002       expand   posts" in migrated.stderr

    of_a_variable_that_does_not_arrive(docker)
    first = done(docker, "up")
    assert run("docker", "exec", f"{NAME}-web-1", "printenv", "FLAVOUR") == "sweet"
    assert first.stderr.startswith("up · dev")
    assert "runtime    docker" in first.stderr
    conversation(docker.url)
    run("docker", "exec", f"{NAME}-web-1", "touch", "/srv/uploads/one")
    plain = ["docker", "compose", "config", "--images"]
    images = subprocess.run(plain, cwd=docker.root, env=docker.environ(), check=True, capture_output=True, text=True)
    assert set(images.stdout.split()) == {f"{NAME}:dev", "postgres:17", "caddy:2"}
    started_in_development(docker)
    beside.restarts_with_its_code(docker)
    running = run("docker", "ps", "--format", "{{.Image}}", "--filter", f"name={NAME}")
    assert set(running.split()) == set(images.stdout.split())
    before = run("docker", "ps", "--quiet", "--no-trunc", "--filter", f"name={NAME}")
    assert "already up: nothing to do" in done(docker, "up").stderr
    assert run("docker", "ps", "--quiet", "--no-trunc", "--filter", f"name={NAME}") == before
    assert "GET /posts" in done(docker, "logs").stdout
    assert "web" in done(docker, "ps").stdout
    of_code_that_is_broken(docker, tag.partition(":")[2])
    assert done(docker, "psql", "--", "-Atc", "SELECT count(*) FROM posts").stdout == "1\n"
    password = secrets_of(docker)[0]
    assert password not in done(docker, "rotate", "DATABASE_PASSWORD").stderr
    assert secrets_of(docker)[0] != password
    conversation(docker.url)
    assert done(docker, "psql", "--", "-Atc", "SELECT count(*) FROM posts").stdout == "2\n"
    asides.on_an_engine(docker, secrets_of(docker)[1])
    for secret in secrets_of(docker):
        assert secret not in first.stdout + first.stderr
        for shown in (run("docker", "history", "--no-trunc", tag), run("docker", "image", "inspect", tag)):
            assert secret not in shown

    done(docker, "down")
    assert containers() == []


def of_a_variable_that_does_not_arrive(docker: Checkout) -> None:
    """Set one that compose.yaml does not pass on: it is named before anything starts, and written beside the others."""
    for file in (".env.example", ".env"):
        with (docker.root / file).open("a") as text:
            text.write("FLAVOUR=sweet\n")
    refused = docker.inv("up")
    assert refused.returncode == 1
    assert "FLAVOUR in .env would reach no container" in refused.stderr
    assert "written    compose.yaml: FLAVOUR" in done(docker, "env", "--fix").stderr
    rows = json.loads(done(docker, "env", "--json").stdout)
    assert {"name": "FLAVOUR", "set-in": ".env", "read-by": "service"} in rows


def of_code_that_is_broken(docker: Checkout, version: str) -> None:
    """Break the code of a service that reloads, and mend it; see that its state is that of now, and not a check's."""

    def state() -> tuple[str, str]:
        told = json.loads(done(docker, "status", "--json").stdout)
        return told["release"], told["service"]["state"]

    assert state() == (version, "ready")
    docker.edit("app/health.py", "import ", "import nowhere\nimport ")
    wait_for(lambda: state() == (version, "not ready"))
    docker.edit("app/health.py", "import nowhere\n", "")
    wait_for(lambda: state() == (version, "ready"))


def env_of_its_own(checkout: Checkout) -> str:
    """Return a .env that Slipway has not made, with the secrets that are optional as well."""
    example = re.sub(rf"(?m)^# (?=({'|'.join(ACCEPTED)})=)", "", (checkout.root / ".env.example").read_text())
    return dotenv.fill(example, dict.fromkeys(SECRETS, 1), lambda least: os.urandom(24).hex())


def signed_by(checkout: Checkout, name: str, base: dict[str, str]) -> dict[str, str]:
    """Return the headers of somebody's requests, their token signed by another key of production's."""
    values, _ = dotenv.parse((checkout.root / ".env.prod").read_text())
    claims = jwt.decode(base["Authorization"].removeprefix("Bearer "), values[KEY], ["HS256"])
    return {"Authorization": f"Bearer {jwt.encode(claims, values[name], 'HS256')}"}


def test_plain_docker_does_without_invoke(docker: Checkout) -> None:
    plain = f"{NAME}:plain"
    run("docker", "build", "--quiet", "--tag", plain, ".", cwd=docker.root)
    docker.write(".env", env_of_its_own(docker))
    environ = docker.environ(IMAGE=plain)

    def compose(*args: str) -> None:
        subprocess.run(["docker", "compose", *args], cwd=docker.root, env=environ, check=True, capture_output=True)

    compose("up", "--detach", "--quiet-pull")
    compose("up", "--detach", "--wait", "--no-deps", "web")
    conversation(docker.url)
    compose("down")

    bare = subprocess.run(["docker", "run", "--rm", plain], capture_output=True, text=True, check=False)
    assert bare.returncode == 1
    said = bare.stdout + bare.stderr
    assert all(name in said for name in dotenv.schema((ROOT / ".env.example").read_text()).required)
    assert "Traceback" not in said
    assert said.count("Missing settings") == 1

    port = free_port()
    publish = ["--publish", f"127.0.0.1:{port}:8000", "--env-file", str(docker.root / ".env")]
    container = run("docker", "run", "--detach", "--name", f"{NAME}-plain", *publish, plain)
    try:
        transport = httpx2.HTTPTransport(retries=5)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=PATIENT) as client:
            answer = eventually(client, "/")
            assert answer.json()["links"]
            away = client.get("/health/ready")
            assert (away.status_code, away.json()["database"]) == (503, "away")
            assert client.get("/health/live").status_code == 200
    finally:
        run("docker", "rm", "--force", container)


def test_production_is_locked_down_apart_and_never_replaced(docker: Checkout) -> None:
    docker.write(".env.prod", env_of_its_own(docker))
    beside.has_the_cleanup(docker)
    with watched() as seen:
        said = [done(docker, *verb, "--prod") for verb in (["up"], ["backup"], ["restore", "--yes"], ["migrate"])]
        assert ask(docker, "SHOW shared_buffers", "--prod") == "256MB"  # a quarter of DATABASE_MEMORY
    made = {re.sub(r"-[0-9a-f]{8}$|[0-9T-]{9,}", "", name.removeprefix(f"{NAME}-prod-")) for name in seen.containers}
    assert {"db-1", "proxy-1", "lock", "db", "migrate"} < made  # what was made, and the one-offs of two services
    assert seen.shows(secrets_of(docker, ".env.prod")) == []
    assert not [one for one in said for secret in secrets_of(docker, ".env.prod") if secret in one.stdout + one.stderr]
    conversation(docker.url)
    somebody = token(docker.url)
    for name in ACCEPTED:  # what they sign is accepted
        headers = signed_by(docker, name, somebody)
        assert httpx2.get(f"{docker.url}/users/me", headers=headers, timeout=PATIENT).status_code == 200
    (web,) = [name for name in containers() if "-web-" in name]
    cleanup = web.replace("-web-", "-cleanup-")
    for name in (web, cleanup, f"{NAME}-prod-proxy-1", f"{NAME}-prod-db-1"):
        host = json.loads(run("docker", "inspect", "--format", "{{json .HostConfig}}", name))
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["Memory"] > 0
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}
    workers = run("docker", "top", web, "-o", "pid,cmd").count("gunicorn")
    assert workers == 1 + 1 + 1  # docker-init, the master and its only worker
    # The metrics of all workers, and the health, are there for who is in the network, and for nobody else.
    asked = "import urllib.request as u; print(u.urlopen('http://web:9090/metrics').read().decode())"
    metrics = run("docker", "exec", web, "python", "-c", asked)
    assert 'http_requests_total{method="POST",route="/posts",status="201"} 1.0' in metrics
    assert httpx2.get(f"{docker.url}/metrics", timeout=PATIENT).status_code == 404
    assert httpx2.get(f"{docker.url}/health/ready", timeout=PATIENT).status_code == 404
    assert httpx2.get(f"{docker.url}/health/ready%0A", timeout=PATIENT).status_code == 404
    assert run("docker", "port", web) == ""
    assert run("docker", "exec", web, "stat", "-c", "%a %u", "/run/secrets/DATABASE_PASSWORD") == "400 65532"
    assert all(line.startswith("{") for line in run("docker", "logs", web).splitlines())
    beside.cleans_up(docker, cleanup)
    started = run("docker", "inspect", "--format", "{{.State.StartedAt}}", web)
    assert "already up" in done(docker, "up", SLIPWAY_ENV="prod").stderr
    asides.on_an_engine(docker, secrets_of(docker, ".env.prod")[1], "--prod")

    docker.edit("app/main.py", 'title="Slipway service"', 'title="Another"')
    refused = docker.inv("up", "--prod")
    assert refused.returncode == 1
    assert "never replaces" in refused.stderr
    assert run("docker", "inspect", "--format", "{{.State.StartedAt}}", web) == started
    assert not [name for name in containers() if "-prod-" not in name]
    volume = json.loads(run("docker", "inspect", "--format", "{{json .Mounts}}", f"{NAME}-prod-db-1"))
    assert {mount["Name"] for mount in volume} == {f"{NAME}-prod_db", f"{NAME}-prod_secrets"}
    done(docker, "down", "--prod")
    assert containers() == []


@pytest.mark.full  # a release's gate runs some of it
def test_the_suite_runs_in_the_test_image(docker: Checkout) -> None:
    ended = docker.inv("test", "--image", "--", "-q", "tests/app")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"\d+ passed", ended.stdout + ended.stderr)
    assert not [name for name in containers() if "test" in name]


@pytest.mark.full
def test_a_database_elsewhere_is_used_and_none_started(docker: Checkout) -> None:
    network = f"{NAME}_default"
    database = [
        "docker", "run", "--detach", "--name", f"{NAME}-elsewhere", "--network", network,
        "--env", "POSTGRES_PASSWORD=a longer $word", "--env", "POSTGRES_USER=theirs", "postgres:17",
    ]  # fmt: skip
    labels = [f"com.docker.compose.project={NAME}", "com.docker.compose.network=default"]
    run("docker", "network", "create", *(word for label in labels for word in ("--label", label)), network)
    try:
        run(*database)
        env = {
            "DATABASE_HOSTNAME": f"{NAME}-elsewhere", "DATABASE_USERNAME": "theirs", "DATABASE_NAME": "theirs",
            "DATABASE_PASSWORD": "a longer $word", "DATABASE_SSLMODE": "disable",
        }  # fmt: skip
        done(docker, "up", **env)
        conversation(docker.url)
        assert f"{NAME}-db-1" not in containers()
        assert done(docker, "psql", "--", "-Atc", "SELECT count(*) FROM posts", **env).stdout == "1\n"
        done(docker, "down", **env)
    finally:
        run("docker", "rm", "--force", "--volumes", f"{NAME}-elsewhere")
        subprocess.run(["docker", "network", "rm", network], capture_output=True, check=False)


@pytest.mark.full
def test_another_project_runs_on_docker_too(little: Checkout, docker: Checkout) -> None:
    ours = (ROOT / "pyproject.toml").read_text()
    dependencies = ours[ours.index("dependencies = [") : ours.index("[tool.poetry]")]  # as its lock file has them
    little.edit("pyproject.toml", 'requires-python = ">=3.11,<4"\n', f'requires-python = ">=3.11,<4"\n{dependencies}')
    little.edit("pyproject.toml", "[tool.slipway]\n", f'[tool.slipway]\nname = "{NAME}-little"\n')
    little.env["COMPOSE_PROJECT_NAME"] = f"{NAME}-little"

    done(little, "up", "--runtime", "docker")
    try:
        assert httpx2.get(little.url, timeout=PATIENT).json() == "Hello world"
        assert "already up" in done(little, "up").stderr
        inside = set(run("docker", "run", "--rm", f"{NAME}-little:dev", "ls").split())
        assert inside - {"__pycache__"} == {"gunicorn.conf.py", "hello", "pyproject.toml"}
    finally:
        done(little, "down")


def test_compose_reads_env_as_inv_writes_it(tmp_path: Path) -> None:
    values = {}
    for index, value in enumerate(random_values(400)):
        try:
            dotenv.spell(value)
        except dotenv.Unreadable:
            continue
        values[f"K{index}"] = value
    assert len(values) > 200
    (tmp_path / ".env").write_text("".join(f"{k}={dotenv.spell(v)}\n" for k, v in values.items()))
    names = json.dumps(list(values))
    (tmp_path / "compose.yaml").write_text(f"name: x\nservices: {{a: {{image: x, environment: {names}}}}}\n")

    config = json.loads(run("docker", "compose", "config", "--format", "json", cwd=tmp_path))

    seen = {k: v.replace("$$", "$") for k, v in config["services"]["a"]["environment"].items()}
    assert seen == values
