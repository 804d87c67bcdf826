"""What .env has for whoever deploys alone: hooks and the sender of logs get it, the service doesn't."""

from pathlib import Path

import pytest

from slipway.core.steps import Steps
from slipway.project import values
from slipway.project.config import Project
from slipway.project.settings import Settings
from slipway.project.tables import Deploy, Hooks
from slipway.project.values import HEADERS

WEBHOOK = "https://hooks.example.com/T0/kX8qPz4mW7vR2tLn"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project whose hooks have a secret, and whose logs are sent with a key."""
    for name in ("WEBHOOK", "TOKEN", HEADERS):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env.example").write_text("WHOM=\n# TOKEN=\n")
    (tmp_path / ".env").write_text(f"WHOM=world\nWEBHOOK={WEBHOOK}\nTOKEN=both-know-it\n{HEADERS}=key=abc-def-ghi\n")
    return Project(
        root=tmp_path, name="shop", version="1.0.0", hooks=Hooks(secrets=("WEBHOOK", "TOKEN")),
        deploy=Deploy(otlp="http://collector:4318"),
    )  # fmt: skip


def test_it_is_no_mistake_in_env_and_reaches_no_service(project: Project) -> None:
    assert Settings(project, Steps(), lambda: False).values == {"WHOM": "world", "TOKEN": "both-know-it"}
    assert values.given(project) == {"WHOM": "world", "TOKEN": "both-know-it"}
    assert [values.told(project, name) for name in ("WEBHOOK", "TOKEN", HEADERS, "NONE")] == [
        WEBHOOK, "both-know-it", "key=abc-def-ghi", "",
    ]  # fmt: skip


def test_the_environment_counts_before_env(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK", "of-the-caller")
    assert values.told(project, "WEBHOOK") == "of-the-caller"
    (project.root / ".env").write_bytes(b"\xff")
    assert (values.told(project, "WEBHOOK"), values.told(project, "TOKEN")) == ("of-the-caller", "")


@pytest.mark.parametrize("where", ["file", "environment"])
def test_it_is_never_shown(project: Project, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    if where == "environment":
        monkeypatch.setenv("WEBHOOK", "short")
        monkeypatch.setenv(HEADERS, "key=other-than-that")
    steps = Steps()
    Settings(project, steps, lambda: False).hide()
    said = steps.redact(f"to {values.told(project, 'WEBHOOK')} with {values.told(project, HEADERS)}")
    assert said == "to [secret] with [secret]"
