"""Signed releases in a private registry; and what somebody else puts under their names is not deployed."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway.engine import registry as of_slipway
from tests.e2e.production import live
from tests.e2e.registries import Registry, login
from tests.e2e.releases import KEY, TESTING, change, key_pair, only, release, state, without
from tests.e2e.support import NAME, run
from tests.e2e.talk import done
from tests.support import Checkout

pytestmark = pytest.mark.minutes(2)
VERSIONS = ["0.1.1", "1.0.0"]


@pytest.mark.full  # a signed one is verified elsewhere in the other run as well
def test_signed_releases_go_to_a_private_registry(
    docker: Checkout, private: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    without(docker, TESTING)
    env = {**private.env, **key}
    stranger = key_pair(tmp_path / "other")
    who_may_not_release(docker, private, env, stranger)
    for version, part in zip(VERSIONS, ("patch", "major"), strict=True):
        change(docker, f"number {version}")
        released = release(docker, "--part", part, *only(), **env)
        assert released.returncode == 0, released.stderr
        for secret in (*KEY.values(), "correct horse"):
            assert secret not in released.stdout + released.stderr
    tags = private.tags()
    assert tags["1.0.0"] == tags["1.0"] == tags["1"] == tags["latest"] != tags["0.1.1"] == tags["0.1"] == tags["0"]
    for version in VERSIONS:
        what_is_signed(docker, private, version, tags)
    wrong = ["cosign", "verify", "--private-infrastructure", "--key", str(stranger.with_suffix(".pub"))]
    assert private.tool(*wrong, f"{private.repository}@{tags['1.0.0']}").returncode != 0

    deployed = done(docker, "deploy", "--tag", "1.0.0", "--yes", "--bake", "0", **env)
    assert re.search(r"signed for cosign.pub; not passed: .*deploy.* tests", deployed.stderr)
    assert live() == f"{private.repository}:1.0.0@{tags['1.0.0']}"
    Intruder(docker, private, env, stranger, live()).tries_all()
    what_was_released_is_deployed_all_the_same(docker, private, env)


def who_may_not_release(docker: Checkout, private: Registry, env: dict[str, str], stranger: Path) -> None:
    """Try it without a login, with a wrong one, without the key, and with another key; be logged in at the end."""
    before = state(docker, private)
    unknown = release(docker, **env)
    assert unknown.returncode == 1
    assert f"docker login {private.host}" in unknown.stderr
    assert login(private, "wrong").returncode != 0
    assert login(private).returncode == 0
    for lacking in ("COSIGN_KEY", "COSIGN_PASSWORD"):
        refused = release(docker, **{name: value for name, value in env.items() if name != lacking})
        assert refused.returncode == 1
        assert f"export {lacking}" in refused.stderr
    assert "another key than cosign.pub's" in release(docker, **{**env, "COSIGN_KEY": str(stranger)}).stderr
    assert state(docker, private) == before
    private.tool("docker", "logout", private.host)
    assert f"docker login {private.host}" in docker.inv("deploy", "--tag", "0.1.1", "--yes", **env).stderr
    assert login(private).returncode == 0


def what_is_signed(docker: Checkout, private: Registry, version: str, tags: dict[str, str]) -> None:
    """Look at a release with other tools."""
    public = str(docker.root / "cosign.pub")
    image = f"{private.repository}@{tags[version]}"
    head = run("git", "rev-parse", f"v{version}^{{commit}}", cwd=docker.root)
    private.said("cosign", "verify", "--private-infrastructure", "--key", public, image)
    asked = ["--private-infrastructure", "--key", public, "--type", "slsaprovenance1", image]
    (line,) = private.said("cosign", "verify-attestation", *asked).splitlines()
    assert "application/vnd.in-toto+json" in line
    labels = json.loads(run("docker", "image", "inspect", "--format", "{{json .Config.Labels}}", f"{NAME}:{version}"))
    assert labels["org.opencontainers.image.revision"] == head
    assert private.labels(version)["org.opencontainers.image.version"] == version
    assert json.loads(private.attached(of_slipway.SBOM, version))["bomFormat"] == "CycloneDX"
    assert f"{version}-test" in tags
    assert tags[f"sha-{head[:12]}"] == tags[version]


@dataclass
class Intruder:
    """Puts something else under the name of a release; what is live stays."""

    docker: Checkout
    registry: Registry
    env: dict[str, str]
    key: Path
    live: str

    def tries_all(self) -> None:
        """Publish one thing after the other, and try to have it deployed."""
        repository = self.registry.repository
        tampered = f"{NAME}:tampered"
        build = ["docker", "build", "--quiet", "--provenance=false", "--tag", tampered, "-"]
        dockerfile = f"FROM {NAME}:1.0.0\nENV TAMPERED=yes\n"
        subprocess.run(build, input=dockerfile, text=True, check=True, capture_output=True)
        digest = self.publishes("1.0.0", tampered)  # the same tag, another image, unsigned
        self.is_refused("1.0.0", "no signatures found")
        self.is_refused(f"{repository}:1.0.0@{digest}", "is not signed with cosign.pub")
        self.signs(str(self.key), f"{repository}@{digest}")  # signed, by somebody else
        self.is_refused("1.0.0", "is not signed with cosign.pub")
        self.publishes("1.0.0", f"{NAME}:0.1.1")  # signed by us, as another version
        self.is_refused("1.0.0", f"is called 1.0.0, and its provenance says {NAME} 0.1.1")
        self.signs(self.env["COSIGN_KEY"], f"{repository}@{digest}")  # by us, and nobody says of what it is made
        self.publishes("1.0.0", tampered)
        self.is_refused("1.0.0", "no provenance that is signed")
        self.copies_another_service()
        self.is_refused("1.0.0", f"has signed is {repository}-other, and not {repository}")
        run("docker", "tag", f"{NAME}:0.1.1", f"{NAME}:9.9.9")
        self.is_refused("9.9.9", f"There is no {repository}:9.9.9 in the registry.")  # whatever is on the engine
        self.publishes("latest", f"{NAME}:0.1.1")
        self.is_refused("latest", "latest leads to 0.1.1, which is older than 1.0.0, the live one")
        self.publishes("1.0.0", f"{NAME}:1.0.0")

    def is_refused(self, tag: str, said: str) -> None:
        """Check that a tag is not deployed, and why."""
        tried = self.docker.inv("deploy", "--tag", tag, "--yes", "--bake", "0", **self.env)
        assert tried.returncode != 0, tried.stderr
        assert said in tried.stderr
        assert "docker pull" not in tried.stderr
        assert live() == self.live

    def publishes(self, tag: str, image: str) -> str:
        """Push an image of the engine; return its digest."""
        run("docker", "tag", image, f"{self.registry.repository}:{tag}")
        self.registry.said("docker", "push", "--quiet", f"{self.registry.repository}:{tag}")
        return self.registry.digest(tag)

    def signs(self, key: str, image: str) -> None:
        """Sign an image."""
        self.registry.said("cosign", "sign", "--yes", "--tlog-upload=false", "--key", key, image, **KEY)

    def copies_another_service(self) -> None:
        """Sign another service's image with our key, and copy it and its signature under this one's name."""
        other = f"{self.registry.repository}-other"
        run("docker", "tag", "python:3.13-slim", f"{other}:1.0.0")
        self.registry.said("docker", "push", "--quiet", f"{other}:1.0.0")
        digest = self.registry.digest("1.0.0", "-other")
        self.signs(self.env["COSIGN_KEY"], f"{other}@{digest}")
        for tag in ("1.0.0", f"{digest.replace(':', '-')}.sig"):
            plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
            to = f"docker://{self.registry.repository}:{tag}"
            self.registry.said("skopeo", "copy", *plain, f"docker://{other}:{tag}", to)


def what_was_released_is_deployed_all_the_same(docker: Checkout, private: Registry, env: dict[str, str]) -> None:
    """Deploy what is signed, and what the engine alone has; go back while the registry is away."""
    assert "it is live already" in done(docker, "deploy", "--tag", "1.0.0", "--yes", **env).stderr
    assert "unsigned" in done(docker, "deploy", "--tag", f"{NAME}:0.1.1", "--yes", "--bake", "0", **env).stderr
    private.kill()
    assert f"--tag {NAME}:1.0.0" in docker.inv("deploy", "--tag", "1.0.0", "--yes", **env).stderr
    assert "live" in done(docker, "rollback", **env).stderr
    private.start()
