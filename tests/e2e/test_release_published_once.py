"""What a release publishes: a version once, tags that move with the highest, and what was tagged elsewhere."""

from pathlib import Path

import pytest

from tests.e2e.registries import Registry
from tests.e2e.releases import GATES, PACKAGES, change, killed_at, only, release, state, without
from tests.e2e.support import run
from tests.e2e.talk import done
from tests.support import Checkout


def test_a_version_is_never_published_twice(docker: Checkout, plain: Registry) -> None:
    without(docker, PACKAGES)
    run("docker", "tag", "python:3.13-slim", f"{plain.repository}:0.1.1")
    run("docker", "push", "--quiet", f"{plain.repository}:0.1.1")
    before = state(docker, plain)
    taken = release(docker, *only())
    assert taken.returncode == 1
    assert "never published twice" in taken.stderr
    assert state(docker, plain) == before


@pytest.mark.full  # against a made-up registry in tests/slipway/release
def test_another_may_publish_the_version_meanwhile(docker: Checkout, plain: Registry) -> None:
    without(docker, PACKAGES)
    run("docker", "tag", "python:3.13-slim", f"{plain.repository}:0.1.2")

    def publish(_: object) -> None:
        run("docker", "push", "--quiet", f"{plain.repository}:0.1.2")

    status, said = killed_at(docker, r"^  image ", publish, "--version", "0.1.2", *only())  # meanwhile, by another
    assert status == 1
    assert "never published twice" in said
    assert run("git", "tag", cwd=docker.root) == ""


@pytest.mark.full
def test_tags_that_move_stay_with_the_highest(docker: Checkout, plain: Registry) -> None:
    without(docker, PACKAGES)
    first = release(docker, "--version", "0.1.3", *only())
    assert first.returncode == 0, first.stderr
    change(docker, "more")
    released = release(docker, "--version", "0.3.0", *only())
    assert released.returncode == 0, released.stderr
    run("git", "switch", "--quiet", "--create", "maintenance", "v0.1.3", cwd=docker.root)
    change(docker, "a remedy")
    mended = release(docker, "--part", "patch", *only())
    assert mended.returncode == 0, mended.stderr
    tags = plain.tags()
    assert tags["0.1"] == tags["0.1.4"] != tags["latest"] == tags["0"] == tags["0.3.0"]


def test_what_was_tagged_elsewhere_is_published_here(docker: Checkout, plain: Registry, tmp_path: Path) -> None:
    without(docker, PACKAGES)
    tagged = release(docker, "--tag-only", *only())
    assert tagged.returncode == 0, tagged.stderr
    assert plain.tags() == {}
    assert f"Without its gates {', '.join(n for n in GATES if n != 'image')}." in run(
        "git", "tag", "-n9", cwd=docker.root
    )
    run("git", "clone", "--quiet", "--branch", "v0.1.1", str(docker.root), str(tmp_path / "there"))
    there = Checkout(tmp_path / "there", docker.env)
    published = release(there, *only())
    assert published.returncode == 0, published.stderr
    assert {"0.1.1", "0.1", "0", "latest", "0.1.1-test"} < set(plain.tags())
    assert run("git", "status", "--porcelain", cwd=there.root) == ""
    verified = done(there, "verify", "--tag", "0.1.1")  # built once more, from its commit
    head = run("git", "rev-parse", "HEAD", cwd=there.root)
    assert (
        verified.stdout
        == f"{plain.repository}@{plain.digest('0.1.1')} is what {head} makes; signatures were not looked at\n"
    )
