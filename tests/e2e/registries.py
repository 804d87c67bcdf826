"""Registries, and what other tools say of what is in them.

All tests push to one registry, each to repositories of its own: what is below an image is compressed and sent once.
"""

import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.e2e.support import NAME, run
from tests.support import PATIENT, free_port, wait_for

USER, PASSWORD = "deployer", "correct horse"
HTPASSWD = f"{USER}:$2b$05$XZxO.K.LC0PUJyaFxqMFperuP7TaylrDPQ0XzQbnrPfl1VriT5GuO\n"  # bcrypt, the only kind it takes
KINDS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


@dataclass
class Registry:
    """A folder of a registry on loopback; `config` is the folder of the login, with which all tools are called."""

    container: str
    port: int
    config: Path | None = None
    env: dict[str, str] = field(default_factory=dict)
    folder: str = field(default_factory=lambda: f"test-{secrets.token_hex(4)}")

    def another(self) -> "Registry":
        """Return another folder of the same registry."""
        return Registry(self.container, self.port, self.config, self.env)

    @property
    def host(self) -> str:
        """Its address, as one logs in to it."""
        return f"localhost:{self.port}"

    @property
    def address(self) -> str:
        """The folder, as a project names its registry."""
        return f"{self.host}/{self.folder}"

    @property
    def repository(self) -> str:
        """The repository of the tests' image."""
        return f"{self.address}/{NAME}"

    def ask(self, path: str) -> httpx2.Response:
        """Ask it something itself."""
        auth = (USER, PASSWORD) if self.config else None
        return httpx2.get(f"http://{self.host}/v2/{path}", auth=auth, headers={"Accept": KINDS}, timeout=PATIENT)

    def digest(self, tag: str, suffix: str = "") -> str:
        """Return the digest of a tag, of the tests' image or of one whose name ends otherwise."""
        answer = self.ask(f"{self.folder}/{NAME}{suffix}/manifests/{tag}")
        assert answer.status_code == 200, answer.text
        return str(answer.headers["Docker-Content-Digest"])

    def tags(self) -> dict[str, str]:
        """Return the digest of each tag, without those under which cosign and oras keep theirs."""
        names = self.ask(f"{self.folder}/{NAME}/tags/list").json().get("tags") or []
        return {name: self.digest(name) for name in names if not name.startswith("sha256-")}

    def tool(self, *argv: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a program with the login."""
        known = {**os.environ, **self.env, **env}
        return subprocess.run(argv, env=known, capture_output=True, text=True, check=False)

    def said(self, *argv: str, **env: str) -> str:
        """Run a program with the login, that has to succeed; return its output."""
        done = self.tool(*argv, **env)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def start(self) -> None:
        """Start it; it answers when this returns."""
        run("docker", "start", self.container)

        def answers() -> bool:
            with contextlib.suppress(httpx2.TransportError):
                return self.ask("").status_code == 200
            return False

        wait_for(answers)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        run("docker", "kill", self.container)

    def labels(self, tag: str) -> Mapping[str, str]:
        """Return the labels of an image, as skopeo reads them."""
        image = f"docker://{self.repository}:{tag}"
        return dict(
            json.loads(self.said("skopeo", "inspect", "--tls-verify=false", "--config", image))["config"]["Labels"]
        )

    def attached(self, kind: str, tag: str) -> str:
        """Return the text of what is attached to an image, as oras and skopeo find it."""
        found = json.loads(
            self.said("oras", "discover", "--format", "json", "--artifact-type", kind, f"{self.repository}:{tag}")
        )
        (one,) = found["manifests"]
        image = f"docker://{one['reference']}"
        (layer,) = json.loads(self.said("skopeo", "inspect", "--tls-verify=false", "--raw", image))["layers"]
        return self.said("oras", "blob", "fetch", "--output", "-", f"{self.repository}@{layer['digest']}")


@contextlib.contextmanager
def registry(folder: Path | None = None) -> Iterator[Registry]:
    """Run a registry; with a password, of which `folder` keeps the login, when there is a folder."""
    port = free_port()
    options = ["--publish", f"127.0.0.1:{port}:5000"]
    if folder:
        options += ["--env", "REGISTRY_AUTH=htpasswd", "--env", "REGISTRY_AUTH_HTPASSWD_REALM=tests"]
        options += ["--env", "REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd"]
    container = run("docker", "create", *options, "registry:2")
    try:
        made = Registry(container, port)
        if folder:
            (folder / "htpasswd").write_text(HTPASSWD)
            run("docker", "cp", str(folder / "htpasswd"), f"{container}:/htpasswd")
            made.config = folder / "login"
            made.config.mkdir()
            made.env = {"DOCKER_CONFIG": str(made.config)}
        made.start()
        yield made
    finally:
        run("docker", "rm", "--force", "--volumes", container)


def login(one: Registry, password: str = PASSWORD) -> "subprocess.CompletedProcess[str]":
    """Log in, as a user would."""
    command = ["docker", "login", "--username", USER, "--password-stdin", one.host]
    env = {**os.environ, **one.env}
    return subprocess.run(command, input=password, env=env, capture_output=True, text=True, check=False)
