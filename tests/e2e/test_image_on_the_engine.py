"""The image on a real engine: the same every time, small, locked down, and nothing in it that should not be."""

import json
import re
import secrets
import subprocess
import threading
from pathlib import Path

import pytest

from slipway.image.context import context
from slipway.project import dotenv
from tests.e2e.images import LOCKED, built, inspect, running
from tests.e2e.registries import Registry
from tests.e2e.releases import PACKAGES, without
from tests.e2e.support import NAME, run
from tests.e2e.talk import done
from tests.support import ROOT, Checkout

pytestmark = pytest.mark.minutes(3)


@pytest.mark.full  # a release is built twice in the other run as well
def test_two_builds_of_a_commit_are_the_same_to_the_bit(docker: Checkout, tmp_path: Path) -> None:
    built(docker)
    (docker.root / "app/a link").symlink_to("main.py")
    (docker.root / "app/linked").symlink_to("core")
    run("git", "add", "--all", cwd=docker.root)
    for message, when in (("Links", "2037-01-01T00:00:00Z"), ("Nothing", "2038-01-01T00:00:00Z")):
        commit = ("git", "commit", "--quiet", "--allow-empty", "--message", message)
        run("env", f"GIT_COMMITTER_DATE={when}", *commit, cwd=docker.root)
        built(docker)  # the next one must not take its times from the cache
    tag = built(docker)  # a release's gate builds it without the cache as well
    first = inspect(tag)

    other = Checkout(tmp_path / "elsewhere", docker.env)
    run("sh", "-c", 'umask 077 && git clone --quiet "$0" "$1"', str(docker.root), str(other.root))
    (other.root / "app/left/__pycache__").mkdir(parents=True)  # git sees no folder
    (other.root / "app/left/__pycache__/over.pyc").touch()
    (other.root / "app/main.py").chmod(0o654)  # git sees no group
    assert built(other) == tag
    assert inspect(tag)["Id"] == first["Id"]

    labels = first["Config"]["Labels"]
    committed = run("git", "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", cwd=docker.root)
    assert first["Created"] == labels["org.opencontainers.image.created"] == committed
    assert labels["dev.slipway.schema"] == "0002"
    assert labels["org.opencontainers.image.base.name"] == "docker.io/library/python:3.13-slim"


def test_a_build_is_verified_by_another(docker: Checkout) -> None:
    without(docker, PACKAGES)
    verified = done(docker, "build", "--verify")  # from another folder, of other modes, without the cache
    assert f"identical: {inspect(verified.stdout.strip())['Id']}" in verified.stderr
    assert "verify-" not in run("docker", "image", "ls", "--format", "{{.Tag}}", NAME)

    docker.edit("Dockerfile", "COPY . srv\n", "COPY . srv\nRUN date +%N > srv/app/when.txt\n")
    differs = docker.inv("build", "--verify")
    assert differs.returncode == 1
    assert "/srv/app/when.txt: content" in differs.stderr
    assert "The image is not reproducible" in differs.stderr
    assert "verify-" not in run("docker", "image", "ls", "--format", "{{.Tag}}", NAME)


@pytest.mark.full  # each build lists them, in the other run as well
def test_packages_are_listed_anew_when_their_declaration_changes(docker: Checkout) -> None:
    def is_listed() -> bool:
        build = ["docker", "build", "--progress", "plain", "--target", "requirements", "."]
        said = subprocess.run(build, cwd=docker.root, capture_output=True, text=True, check=True).stderr
        (step,) = set(re.findall(r"(?m)^#(\d+) \[poetry .*/poetry export ", said))
        return f"#{step} CACHED" not in said

    docker.edit("pyproject.toml", 'description = "', f'description = "{NAME} ')
    assert is_listed()
    docker.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    docker.edit("pyproject.toml", "port = 8000", "port = 8001")  # of [tool.slipway]
    assert not is_listed()


def test_the_layers_hold_the_packages_and_the_code_alone(docker: Checkout) -> None:
    tag = built(docker)
    shown = json.loads(done(docker, "image", "--json").stdout)

    packages = sum(package["size"] for package in shown["packages"])
    above = shown["size"] - shown["base"]
    assert packages <= above <= packages + 5_000_000
    names = {package["name"].lower() for package in shown["packages"]}
    assert "fastapi" in names
    assert not names & {"pip", "poetry", "pytest", "ruff", "invoke"}
    inside = set(run("docker", "run", "--rm", tag, "ls", "-A", "/srv").split())
    assert inside == {"app", "alembic", "slipway", "gunicorn.conf.py", "pyproject.toml", "__pycache__"}
    assert "65532:65532" in done(docker, "image").stdout


def test_the_context_is_what_dockerignore_allows(docker: Checkout, tmp_path: Path) -> None:
    decoys = (
        ".env",
        "app/.env",
        "app/core/.env.local",
        "app/.mypy_cache/x",
        "app/__pycache__/x.pyc",
        "tests/app/.git/x",
    )
    for name in (*decoys, "notes.txt"):
        docker.write(name, "not for the image")
    (docker.root / "app/gone").symlink_to("nowhere")
    (docker.root / "app/folder").symlink_to("core")
    listing = "FROM python:3.13-slim\nCOPY . /seen\nRUN find /seen ! -type d -printf '%P\\n' | sort > /list\n"
    (tmp_path / "Dockerfile").write_text(f"{listing}FROM scratch\nCOPY --from=0 /list /\n")
    out = tmp_path / "out"
    run("docker", "build", "--quiet", "--file", str(tmp_path / "Dockerfile"), "--output", str(out), str(docker.root))
    seen = set((out / "list").read_text().splitlines())

    assert seen == set(context(docker.root))
    tops = {name.partition("/")[0] for name in seen}
    ours = {"slipway", "slipway.lock"}
    assert tops == {"app", "alembic", "gunicorn.conf.py", "pyproject.toml", "poetry.lock", "tests"} | ours
    assert not [name for name in seen if ".env" in name or ".git" in name or "cache" in name]


def test_no_value_of_env_is_in_the_image(docker: Checkout, tmp_path: Path) -> None:
    example = dotenv.schema((ROOT / ".env.example").read_text())
    values = {name: f"v{secrets.token_hex(12)}" for name in (*example.required, *example.optional)}
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    for name in (".env", "app/.env", "alembic/.env.prod"):
        docker.write(name, text)
    # What COPY sees decides whether its layer is taken from the cache: had it seen one of these, it would be in there.
    tag, archive = built(docker), tmp_path / "image.tar"
    run("docker", "save", "--output", str(archive), tag)
    content = archive.read_bytes()

    assert b"Slipway service" in content  # the layers are searched uncompressed
    shown = run("docker", "history", "--no-trunc", tag) + run("docker", "image", "inspect", tag)
    assert not [name for name, value in values.items() if value.encode() in content or value in shown]


@pytest.mark.parametrize("user", ["65532", "10001:10001"])
def test_it_runs_locked_down_as_any_user_and_ends_by_sigterm(docker: Checkout, user: str) -> None:
    tag = built(docker)
    with running(tag, *LOCKED, "--user", user) as (container, client):
        assert client.get("/").status_code == 200
        assert client.get("/docs").status_code == 200
        wrote = subprocess.run(["docker", "exec", container, "touch", "/srv/x"], capture_output=True, check=False)
        assert wrote.returncode != 0
        run("docker", "stop", "--time", "20", container)
        assert inspect(container)["State"]["ExitCode"] == 0  # killed, it would be 137


def test_sigterm_lets_a_request_finish(docker: Checkout, tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import asyncio\n"
        "from collections.abc import AsyncIterator\n"
        "from fastapi.responses import StreamingResponse\n"
        "from app.main import app\n"
        "async def five_seconds() -> AsyncIterator[str]:\n"
        "    yield 'begun '\n"
        "    await asyncio.sleep(5)\n"
        "    yield 'done'\n"
        "@app.get('/slow')\n"
        "async def answer() -> StreamingResponse:\n"
        "    return StreamingResponse(five_seconds())\n"
    )
    slow.chmod(0o644)
    options = ("--volume", f"{slow}:/srv/slow.py:ro", "--env", "ASGI_APP=slow:app")
    with running(built(docker), *LOCKED, *options) as (container, client):
        stopping = threading.Thread(target=run, args=("docker", "stop", "--time", "20", container))
        said = ""
        with client.stream("GET", "/slow") as answer:
            for part in answer.iter_text():
                if not said:
                    stopping.start()
                said += part
        stopping.join()
        assert said == "begun done"
        assert inspect(container)["State"]["ExitCode"] == 0


def test_build_arguments_go_in_and_secrets_do_not(docker: Checkout, tmp_path: Path) -> None:
    docker.edit("Dockerfile", "ARG INPUTS=\n", "ARG INPUTS=\nARG FEATURE=off\nENV FEATURE=${FEATURE}\n")
    docker.edit(
        "Dockerfile", "COPY . srv\n",
        "COPY . srv\nRUN --mount=type=secret,id=token,required=true grep -q marker /run/secrets/token\n",
    )  # fmt: skip
    secret = tmp_path / "a token"
    secret.write_text(f"marker-{secrets.token_hex(12)}")
    refused = docker.inv("build")
    assert refused.returncode == 1
    assert "could not be built" in refused.stderr

    tag = built(docker, "--build-arg", "FEATURE=on", "--secret", f"id=token,src={secret}")

    assert "-args." in tag
    assert "FEATURE=on" in inspect(tag)["Config"]["Env"]
    archive = tmp_path / "image.tar"
    run("docker", "save", "--output", str(archive), tag)
    assert secret.read_bytes() not in archive.read_bytes()

    docker.write(".env", "DATABASE_PASSWORD=correct-horse-battery\n")
    for given in ("FEATURE=correct-horse-battery", "FEATURE=postgres://me:correct-horse@db", "API_KEY=1", "FEATURES=1"):
        refused = docker.inv("build", "--build-arg", given)
        assert refused.returncode == 1
        assert "cannot be used" in refused.stderr
        assert "correct-horse" not in refused.stdout + refused.stderr


@pytest.mark.full  # about time alone
def test_a_changed_lock_downloads_nothing_twice(docker: Checkout) -> None:
    # A folder of its own: what is built beside this without the cache empties that of all others.
    docker.edit("Dockerfile", "target=/wheels,", "id=slipway-e2e-changed-lock,target=/wheels,")
    build = ["docker", "build", "--progress", "plain", "--target", "dependencies", "."]
    listed, logs = "--only main --output main.txt", []
    for _ in range(2):
        changed = f"{listed} && echo '# {secrets.token_hex(8)}' >> main.txt"  # like no build before
        docker.edit("Dockerfile", listed, changed)
        listed = changed
        logs.append(subprocess.run(build, cwd=docker.root, capture_output=True, text=True, check=True).stderr)

    assert logs[1].count("File was already downloaded") > 40
    assert "Downloading" not in logs[1]


def test_it_is_pushed_and_several_platforms_need_a_builder(docker: Checkout, plain: Registry) -> None:
    tag = built(docker, "--push", "--platform", "linux/amd64" if run("uname", "-m") == "x86_64" else "linux/arm64")
    assert tag.startswith(f"{plain.repository}:")
    assert tag.rpartition(":")[2] in plain.tags()

    run("git", "tag", "v0.1.0", cwd=docker.root)
    built(docker, "--push")
    again = docker.inv("build", "--push")
    assert again.returncode == 1
    assert "a version is never published twice" in again.stderr

    several = docker.inv("build", "--push", "--platform", "linux/amd64,linux/arm64")
    assert several.returncode == 1
    assert "docker buildx create" in several.stderr


def test_the_bill_of_materials_is_what_the_image_says(docker: Checkout) -> None:
    docker.write("app/new.py", "NEW = 1\n")
    assert "./inv build" in docker.inv("sbom").stderr
    tag = built(docker)
    file = Path(done(docker, "sbom").stdout.strip())
    read = json.loads(file.read_text())

    purls = [component["purl"] for component in read["components"]]
    script = "import importlib.metadata as m; print(*[f'{d.name}=={d.version}' for d in m.distributions()], sep='\\n')"
    python = run("docker", "run", "--rm", tag, "python", "-Ic", script).splitlines()
    debian = run("docker", "run", "--rm", tag, "dpkg-query", "--show", "--showformat", "${Package}\n").splitlines()
    assert sum(purl.startswith("pkg:deb/debian/") for purl in purls) == len(debian)
    assert f"pkg:pypi/fastapi@{dict(line.split('==') for line in python)['fastapi']}" in purls
    again = Path(done(docker, "sbom", "--tag", tag).stdout.strip())
    assert again == file
    assert json.loads(again.read_text()) == read
