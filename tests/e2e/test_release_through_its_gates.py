"""A release through all gates, to a real registry; and what has to be true before one begins."""

import hashlib
import json
import re
import tomllib

import pytest

from slipway.engine import registry as of_slipway
from tests.e2e.registries import Registry
from tests.e2e.releases import GATES, change, matches, only, release, rows, state, told
from tests.e2e.support import NAME, containers, run, volumes
from tests.e2e.talk import conversation, done
from tests.support import Checkout

pytestmark = pytest.mark.minutes(5)


def test_a_release_passes_all_gates_and_does_what_its_plan_says(docker: Checkout, plain: Registry) -> None:
    first = release(docker, *only())
    assert first.returncode == 0, first.stderr
    assert sorted(plain.tags()) == sorted(
        ["0", "0.1", "0.1.1", "0.1.1-test", "latest", f"sha-{run('git', 'rev-parse', 'HEAD', cwd=docker.root)[:12]}"]
    )
    again = release(docker)
    assert again.returncode == 0, again.stderr
    assert "0.1.1 is released. The next one" in again.stderr

    change(docker, "an improvement")
    before = state(docker, plain)
    plan = done(docker, "release", "--part", "minor", "--plan")
    assert state(docker, plain) == before
    assert "There is an improvement." in plan.stdout

    docker.write("app/.env.local", "not in the clone")  # and neither is what the environment says of a database
    elsewhere = {"DATABASE_HOSTNAME": "192.0.2.1", "DATABASE_PASSWORD": "of-another-database", "SLIPWAY_ENV": "prod"}
    released = release(docker, "--part", "minor", "--json", **elsewhere)
    assert released.returncode == 0, released.stderr
    head = run("git", "rev-parse", "HEAD", cwd=docker.root)
    planned = rows(plan.stdout)
    assert "left out" not in plan.stdout
    found = told(released.stderr.partition("- There is")[2])
    assert matches(planned, found, head[:12]), f"{planned}\n{found}"

    result = json.loads(released.stdout)
    assert (result["version"], result["commit"]) == ("0.2.0", head)
    digest = result["image"].rpartition("@")[2]
    what_was_published(docker, plain, head, digest)
    what_is_attached(docker, plain, head, digest)
    what_is_deployed(docker, plain, digest)


def what_was_published(docker: Checkout, plain: Registry, head: str, digest: str) -> None:
    """Look at the registry's tags, at the repository, and at what is left behind."""
    tags = plain.tags()
    moved = {"0.2.0": digest, f"sha-{head[:12]}": digest, "0.2": digest, "0": digest, "latest": digest}
    assert moved.items() <= tags.items()
    assert tags["0.1.1"] != digest
    assert run("git", "cat-file", "-t", "v0.2.0", cwd=docker.root) == "tag"
    assert run("git", "rev-parse", "v0.2.0^{commit}", "main", cwd=docker.root).split() == [head, head]
    assert tomllib.loads((docker.root / "pyproject.toml").read_text())["project"]["version"] == "0.2.0"
    assert "There is an improvement." in (docker.root / "CHANGELOG.md").read_text()
    assert run("git", "status", "--porcelain", cwd=docker.root) == ""
    assert containers() == []
    assert volumes() == []


def what_is_attached(docker: Checkout, plain: Registry, head: str, digest: str) -> None:
    """Read what is attached without a key, with other tools."""
    statement = json.loads(plain.attached(of_slipway.STATEMENT, "0.2.0"))
    assert statement["subject"] == [{"name": plain.repository, "digest": {"sha256": digest.removeprefix("sha256:")}}]
    definition = statement["predicate"]["buildDefinition"]
    materials = {one["name"]: one["digest"] for one in definition["resolvedDependencies"]}
    base = run("docker", "image", "inspect", "--format", "{{.Id}}", "python:3.13-slim")  # from no registry
    lock = hashlib.sha256((docker.root / "poetry.lock").read_bytes()).hexdigest()
    assert materials == {
        "source": {"gitCommit": head}, "base": {"sha256": base.removeprefix("sha256:")}, "lock": {"sha256": lock},
    }  # fmt: skip
    gates = definition["internalParameters"]["gates"]
    assert list(gates) == GATES
    assert all(how.startswith("passed") for name, how in gates.items() if name != "advisories"), gates
    assert json.loads(plain.attached(of_slipway.SBOM, "0.2.0"))["bomFormat"] == "CycloneDX"
    labels = plain.labels("0.2.0")
    assert labels["org.opencontainers.image.revision"] == head
    assert labels["org.opencontainers.image.version"] == "0.2.0"
    assert labels["dev.slipway.previous"] == "0.1.1"


def what_is_deployed(docker: Checkout, plain: Registry, digest: str) -> None:
    """Deploy the release on an engine that doesn't have it."""
    names = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    run("docker", "image", "rm", "--force", *(one for one in names if NAME in one and "<none>" not in one))
    deployed = done(docker, "deploy", "--tag", "0.2", "--yes", "--bake", "1")
    assert f"{plain.repository}:0.2@{digest}, pulled" in deployed.stderr
    conversation(docker.url)
    status = json.loads(done(docker, "status", "--prod", "--json").stdout)
    assert (status["release"], status["service"]["image"]) == ("0.2.0", f"{plain.repository}:0.2@{digest}")


def test_what_is_not_true_stops_the_release(docker: Checkout, plain: Registry) -> None:
    run("git", "tag", "v0.0.9", cwd=docker.root)
    docker.write("new.txt", "not committed")
    before = state(docker, plain)
    stopped = release(docker, "--version", "0.0.9", *only())
    assert stopped.returncode == 1, stopped.stderr
    assert re.findall(r"(?m)^  (\w+) +failed", stopped.stderr) == ["tree", "version"]
    reasons = re.findall(r"(?m)^  - (.*)", stopped.stderr)
    for reason, said in zip(reasons, NOT_TRUE, strict=True):
        assert said in reason
    assert state(docker, plain) == before
    assert plain.tags() == {}


NOT_TRUE = ["the tree has changes", "the tag v0.0.9 exists already"]
