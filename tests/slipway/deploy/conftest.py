"""Deployments that wait for nothing."""

from pathlib import Path

import pytest

from slipway.deploy import switch, trial
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from tests.slipway.deploy.in_memory import shop


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Checkout, Environment]:
    """Give a project and its production; nothing is waited for."""
    for module, name in ((switch, "BACK"), (trial, "LEAST"), (trial, "PROBE")):
        monkeypatch.setattr(module, name, 0)
    return shop(tmp_path)
