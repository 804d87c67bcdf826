"""The machinery, whatever proxy this machine's Docker client gives to containers."""

import pytest

from slipway.core import secrecy
from slipway.engine import proxies


@pytest.fixture(autouse=True)
def no_proxy_of_a_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Docker client give no proxy, unless a test says so."""
    monkeypatch.setattr(proxies, "read", dict)


@pytest.fixture(autouse=True)
def no_secrets_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be hidden in what a test looks at, but what it hides itself."""
    monkeypatch.setattr(secrecy, "SECRETS", secrecy.Secrets())
