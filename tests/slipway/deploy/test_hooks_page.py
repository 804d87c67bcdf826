"""docs/hooks.md: its recipes, as they stand there, against a server on loopback; and its table of variables."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.deploy.hooks import Hooks, variables
from slipway.project.tables import Hooks as Table
from tests.slipway.deploy.in_memory import shop
from tests.slipway.deploy.receiver import Receiver, receiving
from tests.slipway.deploy.support import entry
from tests.support import ROOT

PAGE = (ROOT / "docs/hooks.md").read_text()
COMMAND = re.compile(r'"(sh [a-z/ -]*scripts/[a-z]+\.sh)"')
TOKEN = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"
FLIPPED = entry("b", outcome="flipped back", seconds=48.3, reason='Too many "failures" \\ of web-b.')

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")


def recipe(root: Path, name: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Hooks:
    """Have a recipe's script in a project, and its command as a hook."""
    script = re.search(rf"^```sh\n(# scripts/{name}\.sh\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    command = next(one for one in COMMAND.findall(PAGE) if one.endswith(f"/{name}.sh"))
    assert script
    (root / "scripts").mkdir()
    (root / f"scripts/{name}.sh").write_text(script[1])
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    for proxy in [one for one in os.environ if one.lower().endswith("_proxy")]:
        monkeypatch.delenv(proxy)
    checkout = shop(root)[0]
    table = Table(after_deploy=(command,), after_failure=(command,), secrets=tuple(environ), timeout=60)
    return Hooks(replace(checkout, project=replace(checkout.project, hooks=table)), "prod", "shop-prod")


def told(receiver: Receiver) -> list[tuple[str, object]]:
    """Return which paths were posted to, and what."""
    return [(path, body) for path, _, body in receiver.got]


@needs_curl
def test_slack_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with receiving(answer=b"ok") as slack:
        hooks = recipe(tmp_path, "slack", {"SLACK_WEBHOOK": f"{slack.url}/T0/B0/{TOKEN}"}, monkeypatch)
        hooks.after(entry("b", seconds=12.34), "1.2.3")
        hooks.after(FLIPPED, "")
    assert told(slack) == [
        (f"/T0/B0/{TOKEN}", {"text": "shop-prod: after-deploy of 1.2.3 by ann@here, live after 12.3 s. "}),
        (
            f"/T0/B0/{TOKEN}",
            {
                "text": "shop-prod: after-failure of shop:b by ann@here, flipped back after 48.3 s. "
                'Too many "failures" \\ of web-b.'
            },
        ),
    ]
    assert "that changes nothing" not in capfd.readouterr().err


@needs_curl
def test_sentry_has_the_release_and_the_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with receiving(status=201) as sentry:
        given = {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": TOKEN}
        hooks = recipe(tmp_path, "sentry", given, monkeypatch)
        hooks.after(entry("b"), "1.2.3")
    assert told(sentry) == [
        ("/api/0/organizations/my-organization/releases/", {"version": "1.2.3", "projects": ["my-project"]}),
        (
            "/api/0/organizations/my-organization/releases/1.2.3/deploys/",
            {"environment": "prod", "name": "b"},
        ),
    ]  # fmt: skip
    assert {sent["Authorization"] for _, sent, _ in sentry.got} == {f"Bearer {TOKEN}"}
    assert "that changes nothing" not in capfd.readouterr().err


@needs_curl
def test_a_chat_that_is_away_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with receiving(status=500) as slack:
        hooks = recipe(tmp_path, "slack", {"SLACK_WEBHOOK": f"{slack.url}/T0/B0/{TOKEN}"}, monkeypatch)
        hooks.checkout.steps.secrets.add(f"{slack.url}/T0/B0/{TOKEN}")
        hooks.after(entry("b"), "1.2.3")
    said = capfd.readouterr().err
    assert "'sh scripts/slack.sh' ended with status 22; that changes nothing" in said
    assert TOKEN not in said


def test_the_page_names_each_variable() -> None:
    known = variables("after-deploy", "prod", "shop-prod", entry("b"), "")
    assert set(re.findall(r"`(SLIPWAY_[A-Z]+)`", PAGE)) == known.keys()
