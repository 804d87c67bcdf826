"""Verbs of a service whose secret is taken from elsewhere: who looks it up, and what is said of it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.engine.variables import Reader
from slipway.verbs import env
from tests.slipway.runtime.support import project
from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
VALUE = "the-world-of-someone-else"
TABLE = f"""
[tool.slipway.secrets]
WHOM = 12
WHOM_NEXT = 12
WHOM_PREVIOUS = 12

[tool.slipway.secrets-from.dev]
WHOM = ["sh", "-c", "echo run >>runs; echo {VALUE[:9]}''{VALUE[9:]}"]
"""


@pytest.fixture
def taking(little: Checkout) -> Checkout:
    """Give a service whose only setting a program prints in development."""
    little.write("pyproject.toml", (little.root / "pyproject.toml").read_text() + TABLE)
    little.write(".env.example", "WHOM=\n# WHOM_NEXT=\n# WHOM_PREVIOUS=\n")
    return little


def runs(checkout: Checkout) -> int:
    """Return how often the program was run."""
    file = checkout.root / "runs"
    return len(file.read_text().split()) if file.exists() else 0


def test_a_command_beside_the_service_has_it(taking: Checkout) -> None:
    done = taking.inv("run", "--runtime", "host", "--", "printenv", "WHOM", **NOWHERE)
    assert (done.returncode, done.stdout.strip(), runs(taking)) == (0, VALUE, 1), done.stderr
    assert VALUE not in done.stderr


@pytest.mark.parametrize("verb", ["status", "ps", "logs", "down"])
def test_what_only_looks_or_stops_runs_nothing(taking: Checkout, verb: str) -> None:
    taking.inv(verb, "--runtime", "host", **NOWHERE)
    assert runs(taking) == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("env", "--set", "WHOM"), "and .env may not set it as well. Change it there, then: ./inv up"),
        (("rotate", "WHOM", "--runtime", "host"), "Slipway writes nothing there. Change it there, then: ./inv up"),
        (
            ("rotate", "WHOM", "--plan", "--runtime", "host"),
            "WHOM is taken from sh, as [tool.slipway.secrets-from.dev]",
        ),
    ],
    ids=["set", "rotate", "plan"],
)
def test_what_would_change_it_is_refused(taking: Checkout, args: tuple[str, ...], said: str) -> None:
    refused = taking.inv(*args, **NOWHERE)
    assert (refused.returncode, runs(taking), (taking.root / ".env").exists()) == (1, 0, False)
    assert said in refused.stderr


def test_where_it_comes_from_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = '[tool.slipway.secrets-from.dev]\nDATABASE_PASSWORD = ["/usr/bin/op", "read"]\n'
    monkeypatch.delenv("DATABASE_PASSWORD", raising=False)
    checkout, _, _ = project(tmp_path, more=more)
    (tmp_path / ".env.staging").touch()
    place = SimpleNamespace(name="dev")
    of: Any = SimpleNamespace(project=checkout.project, loaded=checkout.project, environment=place)
    monkeypatch.setattr(env, "read_by", lambda _: {"DATABASE_PASSWORD": Reader.SERVICE})
    env.show(of, "staging", as_json=False)
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    shown = [[word.strip() for word in row if word.strip()] for row in rows]
    assert shown == [
        ["NAME", "SET IN", "READ BY", "AGAINST staging"],
        ["DATABASE_PASSWORD", "secrets-from: op", "the service", "not looked up"],
    ]
