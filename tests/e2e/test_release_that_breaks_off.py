"""Releases that break off, are killed or interrupted: nothing is half done, and the next one goes on."""

import os
import signal
import subprocess

import pytest

from tests.e2e.registries import Registry
from tests.e2e.releases import PACKAGES, change, killed_at, only, release, state, without
from tests.e2e.support import commit, run
from tests.support import Checkout

pytestmark = pytest.mark.minutes(1)


def test_a_release_that_breaks_off_is_finished_by_the_next(
    docker: Checkout, mortal: Registry, key: dict[str, str]
) -> None:
    without(docker, PACKAGES)
    before = state(docker, mortal)
    status, said = killed_at(docker, r"push +\S+:sha-[0-9a-f]{12}: ", lambda _: mortal.kill(), *only(), **key)
    assert status != 0
    assert "0.1.1 was not published, and the tree is as before. To go on from here: ./inv release" in said
    assert run("git", "for-each-ref", cwd=docker.root) == before[0]
    unreachable = release(docker, *only(), **key)
    assert unreachable.returncode == 1
    assert f"The registry {mortal.host} cannot be asked. Is it up?" in unreachable.stderr
    mortal.start()
    (pushed,) = (name for name in mortal.tags() if name.startswith("sha-"))
    assert "0.1.1" not in mortal.tags()
    finished = release(docker, *only(), **key)
    assert finished.returncode == 0, finished.stderr
    assert "gates      passed already" in finished.stderr
    assert mortal.tags()["0.1.1"] == mortal.tags()[pushed]
    assert run("git", "rev-parse", "v0.1.1^{commit}", cwd=docker.root).startswith(pushed.removeprefix("sha-"))


SIGN, PUBLISH, PUBLISHED = r"\$ cosign sign", r"\$ docker push \S+ \S+:0\.1\.\d$", r"push +\S+:0\.1\.\d: sha"
MERGE, MOVE = r"\$ git merge", r"push +\S+:0\.1: "


@pytest.mark.parametrize(
    "lines", [[MERGE], pytest.param([SIGN, PUBLISH, PUBLISHED, MERGE, MOVE], marks=pytest.mark.full)]
)
def test_a_release_that_was_killed_is_finished_by_the_next(
    docker: Checkout, plain: Registry, key: dict[str, str], lines: list[str]
) -> None:
    def kill(running: "subprocess.Popen[str]") -> None:
        os.killpg(running.pid, signal.SIGKILL)

    without(docker, PACKAGES)
    for number, line in enumerate(lines, 1):
        version = f"0.1.{number}"
        change(docker, f"what {version} has")
        status, _ = killed_at(docker, line, kill, *only(), **key)
        assert status == -signal.SIGKILL
        if line == PUBLISH:
            published_and_forgotten(docker, plain, version, key)
            continue
        finished = release(docker, *only(), **key)
        assert finished.returncode == 0, (version, finished.stderr)
        tags = plain.tags()
        commits = run("git", "rev-parse", f"v{version}^{{commit}}", "main", cwd=docker.root).split()
        assert len(set(commits)) == 1
        assert tags[version] == tags["latest"] == tags[f"sha-{commits[0][:12]}"]
        assert [path.name for path in (docker.root / ".slipway" / "release").iterdir()] == ["lock"]
        image = f"{plain.repository}@{tags[version]}"
        asked = ["--private-infrastructure", "--key", "cosign.pub", "--type", "slsaprovenance1", image]
        (_one,) = run("cosign", "verify-attestation", *asked, cwd=docker.root).splitlines()


def published_and_forgotten(docker: Checkout, plain: Registry, version: str, key: dict[str, str]) -> None:
    """Go on working after a release was killed while it published, and then ask for another part."""
    run("docker", "push", "--quiet", f"{plain.repository}:{version}")  # whether that was killed as well or not
    docker.write("more.txt", "more")
    commit(docker, "Meanwhile")
    forgotten = release(docker, "--part", "minor", *only(), **key)
    assert forgotten.returncode == 1
    assert f"published and not tagged: ./inv release --version {version}" in forgotten.stderr
    finished = release(docker, "--version", version, *only(), **key)
    assert finished.returncode == 1
    assert f"git merge v{version}" in finished.stderr
    run("git", "merge", "--quiet", "--no-edit", f"v{version}", cwd=docker.root)
    assert plain.tags()["latest"] == plain.tags()[version]


def test_a_release_that_is_interrupted_leaves_everything_as_it_was(docker: Checkout, plain: Registry) -> None:
    without(docker, PACKAGES)
    before = state(docker, plain)
    for signum, line in ((signal.SIGINT, r"\$ docker build .*--target test"), (signal.SIGTERM, r"deploy --tag")):

        def interrupt(running: "subprocess.Popen[str]", signum: signal.Signals = signum) -> None:
            os.killpg(running.pid, signum)

        status, said = killed_at(docker, line, interrupt, *only("deploy"))
        assert status == 128 + signum, said
        assert state(docker, plain) == before
