"""A release is verified on a machine that has nothing but repository, registry and public key."""

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from slipway.engine import registry as of_slipway
from tests.e2e.engine import Engine
from tests.e2e.registries import Registry
from tests.e2e.releases import KEY, PACKAGES, key_pair, only, release, without
from tests.e2e.support import run
from tests.support import ROOT, Checkout

pytestmark = pytest.mark.minutes(1)
BASE = "python:3.13-slim"
PAGE = ROOT / "docs/verify.md"


@dataclass
class Stranger:
    """Somebody with the repository's address, a public key and an engine; `home` is empty but for the key."""

    home: Path
    repository: str
    engine: Engine
    key: str = "their.pub"

    def runs(self, *command: str, folder: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a program in a folder of the home, with no variable of the releasing machine."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "DOCKER_HOST": self.engine.host}
        cwd = self.home / folder
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=900)

    def verifies(self, tag: str) -> "subprocess.CompletedProcess[str]":
        """Verify an image in a clone."""
        if not (self.home / "shop").exists():
            assert self.runs("git", "clone", "--quiet", self.repository).returncode == 0
        inv = (sys.executable, "-m", "invoke")
        return self.runs(*inv, "verify", "--tag", tag, "--key", str(self.home / self.key), folder="shop")

    def is_told(self, tag: str, last: str) -> str:
        """Check that an image is not verified, and what is said in the end; return all that is said."""
        done = self.verifies(tag)
        assert done.returncode != 0, done.stdout + done.stderr
        assert done.stdout == ""
        assert last in done.stderr.strip().splitlines()[-1], done.stderr
        return done.stderr

    def follows(self, heading: str, image: str) -> "subprocess.CompletedProcess[str]":
        """Run what a section of docs/verify.md says, word by word but for the addresses; it has to succeed."""
        section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        script = "".join(block for block in section.split("```\n")[1::2] if not block.startswith("registry."))
        named = {"https://example.com/team/shop": self.repository, "1.4.0": "0.1.1"}
        for old, new in {**named, "registry.example.com/team/shop@sha256:…": image}.items():
            script = script.replace(old, new)
        assert "example.com" not in script
        done = self.runs("bash", "-euo", "pipefail", "-c", script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@contextlib.contextmanager
def another(hidden: Path, registry: Registry, *options: str) -> Iterator[Engine]:
    """Run an engine that has no image, reaches the registry, and cannot see a folder of this machine."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:  # a socket's path may not be long
        engine = Engine(Path(folder), hidden)
        engine.start(*options, builds=True)
        try:
            engine.reaches(registry.port)
            yield engine
        finally:
            engine.stop()


def stranger_to(docker: Checkout, engine: Engine, folder: Path) -> Stranger:
    """Publish the repository and the public key; return somebody who has nothing else."""
    run("git", "clone", "--quiet", "--bare", str(docker.root), str(folder / "team" / "shop"))
    (home := folder / "home").mkdir()
    (home / "their.pub").write_text((docker.root / "cosign.pub").read_text())
    return Stranger(home, (folder / "team" / "shop").as_uri(), engine)


def signed_release(docker: Checkout, registry: Registry, key: dict[str, str]) -> str:
    """Release 0.1.1 with few packages, signed; return its image, by digest."""
    without(docker, PACKAGES)
    released = release(docker, *only(), **key)
    assert released.returncode == 0, released.stderr
    return f"{registry.repository}@{registry.digest('0.1.1')}"


def test_a_release_is_verified_elsewhere_with_the_public_key_alone(
    docker: Checkout, plain: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    image = signed_release(docker, plain, key)
    head = run("git", "rev-parse", "v0.1.1^{commit}", cwd=docker.root)
    with another(docker.root, plain) as engine:
        engine.load(BASE)
        before = engine.docker("image", "ls", "--all", "--quiet")
        stranger = stranger_to(docker, engine, tmp_path)
        verified = stranger.verifies("0.1.1")
        assert verified.returncode == 0, verified.stderr
        assert verified.stdout == f"{image} is what {head} makes, signed for their.pub\n"
        mine, theirs = stranger.follows("The same by hand", image).stdout.splitlines()[-2:]
        assert mine == theirs
        engine.docker("image", "rm", "again")

        (stranger.home / "other.pub").write_text(key_pair(tmp_path / "other").with_suffix(".pub").read_text())
        replace(stranger, key="other.pub").is_told("0.1.1", f"{image} is not signed with other.pub")
        tampered = Tampered(plain, key["COSIGN_KEY"], tmp_path, image)
        stranger.is_told("0.1.1", f"{tampered.image} is not signed with their.pub")
        tampered.signed()
        stranger.is_told("0.1.1", f"{tampered.image} has no provenance that is signed with their.pub.")
        tampered.attested()
        stranger.is_told("0.1.1", f"the provenance of {tampered.image} names, ")
        assert engine.docker("image", "ls", "--all", "--quiet") == before


@pytest.mark.full  # what two images differ in takes long to find
def test_a_releaser_who_signs_something_else_is_found_out(
    docker: Checkout, plain: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    tampered = Tampered(plain, key["COSIGN_KEY"], tmp_path, signed_release(docker, plain, key))
    tampered.signed()
    tampered.attested()
    tampered.listed()
    with another(docker.root, plain) as engine:
        engine.load(BASE)
        before = engine.docker("image", "ls", "--all", "--quiet")
        stranger = stranger_to(docker, engine, tmp_path)
        told = stranger.is_told("0.1.1", f"{tampered.image} is not what its commit makes.")
        assert "  - /srv/tampered: only in the first\n" in told
        assert engine.docker("image", "ls", "--all", "--quiet") == before


@pytest.mark.full  # all packages, three times
def test_all_of_it_with_an_engine_that_is_gone_and_one_whose_images_containerd_stores(
    docker: Checkout, plain: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    archive = tmp_path / "base.tar"
    run("docker", "save", "--output", str(archive), BASE)
    to = f"docker://{plain.host}/library/{BASE}"
    plain.said("skopeo", "copy", "--dest-tls-verify=false", f"docker-archive:{archive}", to)
    mirror = ("--registry-mirror", f"http://{plain.host}")
    (hidden := tmp_path / "hidden").mkdir()
    with another(hidden, plain, *mirror) as engine, engine.online():
        engine.docker("pull", "--quiet", BASE)  # it has a digest, as from Docker Hub
        released = release(docker, *only(), **key, DOCKER_HOST=engine.host)
        assert released.returncode == 0, released.stderr
    image = f"{plain.repository}@{plain.digest('0.1.1')}"
    config = tmp_path / "daemon.json"
    config.write_text(json.dumps({"features": {"containerd-snapshotter": True}}))
    with another(docker.root, plain, *mirror, "--config-file", str(config)) as engine, engine.online():
        assert "io.containerd.snapshotter" in engine.docker("info", "--format", "{{.DriverStatus}}")
        verified = stranger_to(docker, engine, tmp_path).follows("What to run", image)
        assert verified.stdout.startswith(f"{image} is what ")
        assert "docker pull --quiet python@sha256:" in verified.stderr
        assert engine.docker("image", "ls", "--all", "--quiet") == ""  # what was made or pulled for it is gone


class Tampered:
    """Another image under the tag of a release, and what a releaser who cheats attaches to it."""

    def __init__(self, registry: Registry, key: str, folder: Path, image: str) -> None:
        self.registry = registry
        self.key = key
        self.folder = folder
        self.real = image
        tag = f"{registry.repository}:0.1.1"
        self.bill = registry.attached(of_slipway.SBOM, "0.1.1")
        dockerfile = f"FROM {image}\nCOPY <<EOF /srv/tampered\nEOF\n"
        build = ["docker", "build", "--quiet", "--provenance=false", "--tag", tag, "-"]
        subprocess.run(build, input=dockerfile, text=True, check=True, capture_output=True)
        registry.said("docker", "push", "--quiet", tag)
        self.image = f"{registry.repository}@{registry.digest('0.1.1')}"

    def signed(self) -> None:
        """Sign it."""
        self.registry.said("cosign", "sign", "--yes", "--tlog-upload=false", "--key", self.key, self.image, **KEY)

    def attested(self) -> None:
        """Say of it, signed, what is said of the real one."""
        public = str(Path(self.key).with_suffix(".pub"))
        kind = ["--key", public, "--type", "slsaprovenance1"]
        said = self.registry.said("cosign", "verify-attestation", "--private-infrastructure", *kind, self.real)
        statement = json.loads(base64.b64decode(json.loads(said)["payload"]))
        file = self.folder / "predicate.json"
        file.write_text(json.dumps(statement["predicate"]))
        attest = ["--tlog-upload=false", "--key", self.key, "--type", "slsaprovenance1", "--predicate", str(file)]
        self.registry.said("cosign", "attest", "--yes", *attest, self.image, **KEY)

    def listed(self) -> None:
        """Attach the real one's bill of materials."""
        file = self.folder / "bill.json"
        file.write_text(f"{self.bill}\n")
        kind = of_slipway.SBOM
        subject = ["--artifact-type", kind, "--disable-path-validation", self.image]
        self.registry.said("oras", "attach", *subject, f"{file}:{kind}")
