"""Two environments and development on one engine: nothing is shared, and what is live in one goes to the other."""

import json

import httpx2
import pytest

from slipway.project import dotenv
from tests.e2e.support import NAME, commit, run
from tests.e2e.talk import ask, conversation, done, token
from tests.support import PATIENT, Checkout, free_port

pytestmark = pytest.mark.minutes(2)
STAGING = "\n[tool.slipway.environments.staging]\nport = {port}\nbake = 0\n"
QUIET = ("--yes", "--bake", "0")
SECRETS = ("DATABASE_PASSWORD", "SECRET_KEY_FASTAPI_AUTH")


def of(kind: str, *listing: str, environment: str) -> set[str]:
    """Return the names of what an environment has on the engine."""
    project = NAME if environment == "dev" else f"{NAME}-{environment}"
    found = run("docker", kind, *listing, "--filter", f"label=com.docker.compose.project={project}").split()
    return {*found, *(run("docker", kind, *listing, "--filter", f"label=dev.slipway.deployment={project}").split())}


def secrets(checkout: Checkout, environment: str) -> set[str]:
    """Return the secrets that an environment's settings have."""
    file = ".env" if environment == "dev" else f".env.{environment}"
    values = dotenv.parse((checkout.root / file).read_text())[0]
    return {values[name] for name in SECRETS}


def attached(environment: str) -> set[str]:
    """Return the volumes and networks that the containers of an environment have."""
    names = of("ps", "--all", "--format", "{{.Names}}", environment=environment)
    told = json.loads(run("docker", "inspect", *names))
    mounts = {mount["Name"] for one in told for mount in one["Mounts"] if mount["Type"] == "volume"}
    return mounts | {network for one in told for network in one["NetworkSettings"]["Networks"]}


def test_environments_share_nothing_and_one_image_goes_through_them(docker: Checkout) -> None:
    port = free_port()
    with (docker.root / "pyproject.toml").open("a") as file:
        file.write(STAGING.format(port=port))
    commit(docker, "Have a staging")
    own = docker.env.pop("PORT")  # the shell's would be that of all three
    try:
        done(docker, "up", "--port", str(free_port()))
        deployed = json.loads(done(docker, "deploy", "--env", "staging", *QUIET, "--json").stdout)
        docker.edit("app/main.py", 'title="Slipway service"', 'title="Later"')  # this tree is another one by now
        ended = done(docker, "deploy", "--from", "staging", *QUIET, "--json", PORT=own)
        assert f"{deployed['image']}, the image that is live in staging" in ended.stderr
        promoted = json.loads(ended.stdout)
        assert (promoted["image_id"], promoted["image"]) == (deployed["image_id"], deployed["image"])
        refused = docker.inv("deploy", "--from", "prod", "--plan", PORT=own)
        assert "--from prod is what would be deployed to" in refused.stderr
        shares_nothing(docker)
        staging, prod = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{own}"
        conversation(prod)
        asked = {base: token(base) for base in (staging, prod)}
        for base, headers in asked.items():
            other = staging if base == prod else prod
            assert httpx2.get(f"{base}/users/me", headers=headers, timeout=PATIENT).status_code == 200
            assert httpx2.get(f"{other}/users/me", headers=headers, timeout=PATIENT).status_code == 401
        assert [ask(docker, "SELECT count(*) FROM posts", "--env", one) for one in ("staging", "prod")] == ["0", "1"]
        done(docker, "down", "--env", "staging", "--volumes", "--yes")
        assert of("ps", "--all", "--format", "{{.Names}}", environment="staging") == set()
        nothing = docker.inv("maintenance", "--env", "staging")
        assert (nothing.returncode, "No release is live" in nothing.stderr) == (1, True), nothing.stderr
        conversation(prod)
    finally:
        docker.env["PORT"] = own


def shares_nothing(checkout: Checkout) -> None:
    """Compare what three environments have, each with each."""
    names = ("dev", "staging", "prod")
    kinds = {
        "containers": ("ps", "--all", "--format", "{{.Names}}"),
        "volumes": ("volume", "ls", "--quiet"),
        "networks": ("network", "ls", "--format", "{{.Name}}"),
    }
    found = {kind: [of(*listing, environment=name) for name in names] for kind, listing in kinds.items()}
    found["attached"] = [attached(name) for name in names]
    found["secrets"] = [secrets(checkout, name) for name in names]
    for kind, each in found.items():
        assert all(each), (kind, each)
        assert len(set().union(*each)) == sum(map(len, each)), (kind, each)
