"""Registries of their own, and what other tools say of what is in them."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.conftest import free_port, wait_for
from tests.e2e.conftest import NAME, run

USER, PASSWORD = "deployer", "correct horse"
HTPASSWD = f"{USER}:$2b$05$XZxO.K.LC0PUJyaFxqMFperuP7TaylrDPQ0XzQbnrPfl1VriT5GuO\n"  # bcrypt, the only kind it takes


@dataclass
class Registry:
    """A registry on loopback; `config` is the folder of the login, with which all tools are called."""

    container: str
    port: int
    config: Path | None = None
    env: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Its address, as images are called."""
        return f"localhost:{self.port}"

    @property
    def repository(self) -> str:
        """The repository of the tests' image."""
        return f"{self.address}/{NAME}"

    def ask(self, path: str) -> httpx2.Response:
        """Ask it something itself."""
        auth = (USER, PASSWORD) if self.config else None
        kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
        return httpx2.get(f"http://{self.address}/v2/{path}", auth=auth, headers={"Accept": kinds})

    def tags(self) -> dict[str, str]:
        """Return the digest of each tag, without those under which cosign and oras keep theirs."""
        names = self.ask(f"{NAME}/tags/list").json().get("tags") or []
        return {
            name: self.ask(f"{NAME}/manifests/{name}").headers["Docker-Content-Digest"]
            for name in names
            if not name.startswith("sha256-")
        }

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


@contextlib.contextmanager
def registry(folder: Path, private: bool = False) -> Iterator[Registry]:
    """Run a registry, with a password if it is `private`."""
    port = free_port()
    options = ["--publish", f"127.0.0.1:{port}:5000"]
    config = None
    if private:
        config = folder / "login"
        config.mkdir()
        options += ["--env", "REGISTRY_AUTH=htpasswd", "--env", "REGISTRY_AUTH_HTPASSWD_REALM=tests"]
        options += ["--env", "REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd"]
    container = run("docker", "create", *options, "registry:2")
    try:
        (folder / "htpasswd").write_text(HTPASSWD)
        run("docker", "cp", str(folder / "htpasswd"), f"{container}:/htpasswd")
        made = Registry(container, port, config, {"DOCKER_CONFIG": str(config)} if config else {})
        made.start()
        yield made
    finally:
        run("docker", "rm", "--force", "--volumes", container)


def login(one: Registry, password: str = PASSWORD) -> "subprocess.CompletedProcess[str]":
    """Log in, as a user would."""
    command = ["docker", "login", "--username", USER, "--password-stdin", one.address]
    env = {**os.environ, **one.env}
    return subprocess.run(command, input=password, env=env, capture_output=True, text=True, check=False)
