"""What a project's own compose.release.yaml, health path and slow start mean for its releases."""

import subprocess

import pytest

from tests.e2e.companions import has_companions, kept_until_told
from tests.e2e.companions import ids as companions
from tests.e2e.production import PROD, change, webs
from tests.e2e.support import commit, containers, run, volumes
from tests.e2e.talk import done
from tests.support import Checkout

pytestmark = pytest.mark.minutes(2)

UPLOADS = '    volumes: ["secrets:/run/secrets:ro", "uploads:/srv/uploads"]\n'
SHARED = "        self._more = self.shared.prepare(new, self.all().get(pointed), pointed)\n"
ALONE = "        self._more = []\n"  # each release gets a volume of its own, as it did
KNOWN = "shop.example.com"
PICKY = f'''    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["{KNOWN}"])
'''


def with_uploads(checkout: Checkout) -> None:
    """Let releases have a volume, and the service know one name alone."""
    checkout.edit("compose.release.yaml", '    volumes: ["secrets:/run/secrets:ro"]\n', UPLOADS)
    checkout.edit("compose.release.yaml", "volumes:\n  secrets:", "volumes:\n  uploads:\n  secrets:")
    before = "    app.add_middleware(RequestMiddleware, max_body=MAX_BODY)\n"
    checkout.edit("app/main.py", before, PICKY + before)
    checkout.edit("pyproject.toml", 'docs = "/docs"\n', f'docs = "/docs"\nhealth-host = "{KNOWN}"\n')


def deployed_alone(checkout: Checkout) -> str:
    """Deploy as before; return the volume that the release has."""
    module = "slipway/deploy/compose/releases.py"
    done(checkout, "releases")  # by the process that runs the verbs from now on: it has read the module
    checkout.edit(module, SHARED, ALONE)
    ended = Checkout(checkout.root, checkout.env).inv("deploy", "--yes", "--bake", "0")  # a process that reads it anew
    assert ended.returncode == 0, ended.stderr
    checkout.edit(module, ALONE, SHARED)
    (web,) = webs()
    return f"{web.removesuffix('-web-1')}_uploads"


def in_web(script: str) -> str:
    """Return what a script prints in the live release, as the service's user."""
    (web,) = webs()
    return run("docker", "exec", web, "sh", "-c", script)


def uploads() -> list[str]:
    """Return the volumes that are, or were, a release's."""
    return [name for name in volumes() if name.endswith("_uploads")]


def plan_of(checkout: Checkout) -> "subprocess.CompletedProcess[str]":
    """Plan a deployment."""
    return checkout.inv("deploy", "--plan")


@pytest.mark.full  # the other run has companions with volumes
def test_a_volume_is_one_for_all_releases_and_what_was_in_the_live_ones_stays(docker: Checkout) -> None:
    with_uploads(docker)
    has_companions(docker, "compose.prod.yaml")
    commit(docker, "Uploads")
    volume = deployed_alone(docker)
    beside = companions()
    assert uploads() == [volume]
    write = "echo one >/uploads/one"
    run("docker", "run", "--rm", "--network=none", f"--volume={volume}:/uploads", "caddy:2", "sh", "-c", write)

    change(docker, 2)
    assert f"uploads is {volume}" in plan_of(docker).stdout
    kept_until_told(docker, beside)
    assert in_web("cat /srv/uploads/one; echo two >/srv/uploads/two; id -u") == "one\n65532"
    done(docker, "down", "--prod")
    assert uploads() == [volume]
    done(docker, "up", "--prod")
    assert in_web("cat /srv/uploads/*") == "one\ntwo"
    assert uploads() == [volume]
    assert len(companions()) == 2

    said = done(docker, "down", "--prod", "--volumes", "--yes")
    assert f"docker volume rm {volume}" in said.stderr
    rows = dict(line.strip().split(maxsplit=1) for line in said.stderr.splitlines() if line.startswith("  deleted "))
    assert {f"the volume {one}" for one in (volume, f"{PROD}_db", f"{PROD}_ledger", f"{PROD}_cache")} <= set(
        rows["deleted"].split(", ")
    )
    assert uploads() == []
    done(docker, "up", "--prod")
    assert uploads() == [f"{PROD}_uploads"]
    assert in_web("touch /srv/uploads/three; ls /srv/uploads") == "three"

    there = containers()
    docker.edit("compose.release.yaml", UPLOADS, f'{UPLOADS}    container_name: web\n    ports: ["8080:8000"]\n')
    docker.edit("compose.release.yaml", '"uploads:/srv/uploads"]', '"uploads:/srv/uploads", "/srv/cache"]')
    for refused in (plan_of(docker), docker.inv("deploy", "--yes", "--force")):
        assert refused.returncode == 1
        for finding in ("container_name", "port 8080", "/srv/cache is a volume without a name"):
            assert f"- web: {finding}" in refused.stderr
        assert "Nothing was changed." in refused.stderr
    assert containers() == there


@pytest.mark.full
def test_a_service_may_take_as_long_as_wait_says(docker: Checkout) -> None:
    docker.edit("pyproject.toml", 'docs = "/docs"\n', 'docs = "/docs"\nwait = 120\n')
    slow = "    import asyncio\n\n    await asyncio.sleep(80)\n    yield\n"
    docker.edit("app/main.py", "    yield\n", slow)
    commit(docker, "Start slowly")
    done(docker, "deploy", "--yes", "--bake", "0")
    assert len(webs()) == 1
