"""The machinery, whatever proxy this machine's Docker client gives to containers."""

import pytest

from slipway.core import secrecy
from slipway.engine import proxies
from slipway.project import database, dotenv
from tests.support import ROOT

KNOWN = dotenv.schema((ROOT / ".env.example").read_text())
# `inv test` itself sets the database's.
SETTINGS = {*KNOWN.required, *KNOWN.optional, "COMPOSE_PROJECT_NAME"} - {*database.NAMES}


@pytest.fixture(autouse=True)
def no_proxy_of_a_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Docker client give no proxy, unless a test says so."""
    monkeypatch.setattr(proxies, "read", dict)


@pytest.fixture(autouse=True)
def no_secrets_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be hidden in what a test looks at, but what it hides itself."""
    monkeypatch.setattr(secrecy, "SECRETS", secrecy.Secrets())


@pytest.fixture(autouse=True)
def no_settings_of_who_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment set nothing of a service, unless a test says so: it counts before .env, and is named."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
