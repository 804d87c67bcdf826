"""The image on each base image of Debian's that there is here: built, run, and built once more the same."""

import pytest

from tests.e2e.images import LOCKED, inspect, running
from tests.e2e.support import run
from tests.e2e.talk import done
from tests.support import Checkout

pytestmark = [pytest.mark.full, pytest.mark.minutes(4)]  # all packages, twice for each

COMPILERS = ("gcc", "g++", "make", "git", "curl")


@pytest.mark.parametrize(
    ("python", "variant", "suite"),
    [
        ("3.13", "full", "trixie"), ("3.13", "trixie", "trixie"), ("3.13", "slim-trixie", "trixie"),
        ("3.11", "bookworm", "bookworm"), ("3.11", "slim-bookworm", "bookworm"), ("3.11", "slim", "bookworm"),
    ],
)  # fmt: skip
def test_a_variant_is_built_serves_and_is_built_again_the_same(
    docker: Checkout, python: str, variant: str, suite: str
) -> None:
    verified = done(docker, "build", "--python", python, "--variant", variant, "--verify")
    tag = verified.stdout.strip()
    assert tag.endswith(f"-python{python}-{variant}")
    assert f"identical: {inspect(tag)['Id']}" in verified.stderr
    with running(tag, *LOCKED) as (container, client):
        assert client.get("/").status_code == 200
        assert run("docker", "exec", container, "python", "--version").startswith(f"Python {python}.")
        assert f"VERSION_CODENAME={suite}\n" in run("docker", "exec", container, "cat", "/etc/os-release")
        found = run(
            "docker", "exec", container, "sh", "-c", f"for one in {' '.join(COMPILERS)}; do which $one; done; :"
        )
        assert [line.rpartition("/")[2] for line in found.splitlines()] == ([] if "slim" in variant else [*COMPILERS])
    done(docker, "build")
    assert tag in done(docker, "image").stdout  # beside the usual one
