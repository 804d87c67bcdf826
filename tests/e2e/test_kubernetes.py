"""`inv export --kubernetes` of what real Compose prints: without an engine, and each manifest fits the schemas."""

import subprocess
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.export.facts import LEAST, VALIDATED
from tests.e2e.registries import Registry
from tests.e2e.support import NAME, run
from tests.support import Checkout, processes_table

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
PASSWORD, KEY = "correct-horse-battery", "0123456789abcdef0123456789abcdef"
SETTINGS = f"""\
DATABASE_HOSTNAME=db
DATABASE_PORT=5432
DATABASE_NAME=shop
DATABASE_USERNAME=shop
DATABASE_PASSWORD={PASSWORD}
SECRET_KEY_FASTAPI_AUTH={KEY}
ALGORITHM=HS256
ACCESS_TOKEN_EXPIRE_MINUTES=30
WEB_CONCURRENCY=1
"""
MORE = """
[tool.slipway.processes.worker]
command = "python -m app.worker"
replicas = 2
health = "python -c 'print(1)'"

[tool.slipway.processes.scheduler]
command = "python -m app.scheduler $HOME"
single = true

"""
Validate = Callable[[Path], list[str]]


@pytest.fixture
def project(docker: Checkout) -> Checkout:
    """Give a clone with what production is set to, and with what works beside the service."""
    docker.write(".env.prod", SETTINGS)
    docker.edit("pyproject.toml", "[tool.slipway.tests]", f"{processes_table()}[tool.slipway.tests]")
    return docker


@pytest.fixture(scope="module")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Validate]:
    """Give what validates files of manifests, against the newest schema and the oldest one that is promised."""
    where = tmp_path_factory.mktemp("validate")
    venv.create(where, with_pip=True)
    python = str(where / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", f"kubernetes-validate=={VALIDATED}.0")

    def of(file: Path) -> list[str]:
        for version in (LEAST, VALIDATED):
            command = [str(where / "bin" / "kubernetes-validate"), "--strict", "-k", version, str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
        return [line.split("resource ")[1].split()[0] for line in (done.stdout + done.stderr).splitlines()]

    yield of


def exported(project: Checkout, *args: str) -> str:
    """Return what is exported, which has no secret in it; no engine is there."""
    done = project.inv("export", "--kubernetes", *args, **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert KEY not in done.stdout
    return done.stdout


def test_a_release_is_exported_without_an_engine(project: Checkout) -> None:
    found = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(exported(project))}
    deployments = {name for kind, name in found if kind == "Deployment"}
    assert deployments == {f"{NAME}-prod-web", f"{NAME}-prod-cleanup"}
    pod = found["Deployment", f"{NAME}-prod-web"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    keys = [one["key"] for one in pod["volumes"][0]["secret"]["items"]]
    assert keys == ["DATABASE_PASSWORD", "SECRET_KEY_FASTAPI_AUTH"]
    without = project.inv("export", "--kubernetes", PATH="/nowhere")
    assert (without.returncode, without.stdout) == (1, "")
    assert "install its client with the plugin compose. No engine is needed." in without.stderr
    project.edit("compose.release.yaml", "    restart: unless-stopped", '    privileged: true\n    ports: ["80"]')
    refused = project.inv("export", "--kubernetes", **NOWHERE)
    assert (refused.returncode, refused.stdout) == (1, "")
    for line in ("- web: privileged, which Slipway writes into no", "- web: ports, for which", "Nothing was written."):
        assert line in refused.stderr


def test_a_secret_in_a_command_is_written_nowhere(project: Checkout, tmp_path: Path) -> None:
    project.edit("pyproject.toml", "python -m app.cleanup", f"python -m app.cleanup {PASSWORD}")
    done = project.inv("export", "--kubernetes", "--output", str(tmp_path / "k8s"), **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "would have the value of a secret in it" in done.stderr
    assert PASSWORD not in done.stderr
    assert not (tmp_path / "k8s").exists()


def domain(project: Checkout) -> None:
    """Have names, a database elsewhere and telemetry."""
    more = "DOMAIN=shop.example.com, www.shop.example.com\nOTEL_EXPORTER_OTLP_ENDPOINT=http://otel.example:4318\n"
    project.write(".env.prod", SETTINGS.replace("HOSTNAME=db", "HOSTNAME=192.0.2.7") + more)


def beside(project: Checkout) -> None:
    """Have processes with a health of their own and a single one, and what else a pod can have."""
    project.edit("pyproject.toml", "[tool.slipway.tests]", f"{MORE}[tool.slipway.tests]")
    more = 'extra_hosts: ["a:192.0.2.1"]\n    sysctls: {net.ipv4.tcp_tw_reuse: "1"}\n    group_add: ["44"]\n'
    more += "    shm_size: 128m\n    cap_add: [CHOWN]\n    deploy: {resources: {reservations: {cpus: '0.5'}}}\n"
    project.edit("compose.release.yaml", "    cap_drop: [ALL]\n", f"    cap_drop: [ALL]\n    {more}")


def without_web(project: Checkout) -> None:
    """Have nothing that clients are led to."""
    project.edit("pyproject.toml", 'asgi = "app.main:app"', 'asgi = ""')


COUNTS: dict[Callable[[Checkout], None], int] = {domain: 11, beside: 12, without_web: 5}


@pytest.mark.full  # what validates comes from an index, and tests/slipway/export has what is to be in a manifest
@pytest.mark.parametrize("how", COUNTS, ids=lambda how: how.__name__)
def test_every_manifest_fits_the_schemas(
    project: Checkout, validate: Validate, tmp_path: Path, how: Callable[[Checkout], None]
) -> None:
    how(project)
    file = tmp_path / "all.yaml"
    file.write_text(exported(project))
    found = validate(file)
    assert len(found) == COUNTS[how], found
    folder = tmp_path / "k8s"
    names = exported(project, "--output", str(folder)).split()
    assert sorted(names) == sorted(str(one) for one in folder.iterdir())
    for one in folder.glob("*.yaml"):
        assert len(validate(one)) == 1
    assert exported(project) == file.read_text()


@pytest.mark.full  # a release's tag is resolved as a deployment resolves it
def test_a_released_image_is_exported_by_its_digest(project: Checkout, plain: Registry) -> None:
    run("docker", "tag", "python:3.13-slim", f"{plain.repository}:1.2.3")
    run("docker", "push", "--quiet", f"{plain.repository}:1.2.3")
    pinned = f"{plain.repository}:1.2.3@{plain.digest('1.2.3')}"
    found = [one for one in yaml.safe_load_all(exported(project, "--tag", "1.2.3")) if one["kind"] == "Deployment"]
    assert {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in found} == {pinned}
    assert {one["metadata"]["labels"]["app.kubernetes.io/version"] for one in found} == {"1.2.3"}
    missing = project.inv("export", "--kubernetes", "--tag", "9.9.9")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert f"There is no {plain.repository}:9.9.9 in the registry. What was released: git tag" in missing.stderr
