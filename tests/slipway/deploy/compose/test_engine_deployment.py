"""Production on one engine: what it says of the engine's machine."""

import socket
from pathlib import Path

import pytest

from slipway.core.ports import Unusable
from slipway.deploy.compose.deployment import EngineDeployment
from slipway.project.checkout import Checkout
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.runtime.environment import Environment
from tests.slipway.engine.support import Answers


@pytest.mark.parametrize(
    ("domain", "variable", "once"), [("", "PORT", True), ("example.com", "HTTPS_PORT", False)], ids=["http", "https"]
)
def test_a_port_that_is_taken_is_named_by_the_variable_that_means_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str, variable: str, once: bool
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        (tmp_path / ".env").write_text(f"DOMAIN={domain}\n{variable}={port}\n")
        checkout = Checkout(load(tmp_path), Answers("unix:///var/run/docker.sock", "somebody-web-1"))
        settings = Settings(checkout.project, checkout.steps, lambda: True)
        deployment = EngineDeployment(checkout, Environment("prod", tmp_path / ".slipway/prod", settings))
        deployment.stack._seen = []  # nothing runs
        with pytest.raises(Unusable) as stopped:
            deployment.service.check_port(port)
    said = str(stopped.value)
    assert said.startswith(f"Port {port} is taken by the container somebody-web-1. Stop it, or use another port: ")
    assert f"{variable}={port + 1} in .env" in said
    assert (stopped.value.once == f"./inv up --port {port + 1}") == once
    assert "--port" not in said, "deploy has no such option"


@pytest.mark.parametrize(
    ("there", "traces"),
    [
        ("shop-prod_deployment\nshop-prod_ledger\n", []),
        ("shop-prod_db\nshop-prod_deployment\nshop-prod_ledger\n", ["the volume shop-prod_db"]),
    ],
    ids=["lock", "deployed"],
)
def test_what_the_lock_has_made_tells_of_no_deployment(tmp_path: Path, there: str, traces: list[str]) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    checkout = Checkout(load(tmp_path), Answers(there, "other shop\n"))
    settings = Settings(checkout.project, checkout.steps, lambda: True)
    deployment = EngineDeployment(checkout, Environment("prod", tmp_path / ".slipway/prod", settings))
    assert deployment.traces() == traces
