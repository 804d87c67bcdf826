"""The verbs, as Invoke sees them."""

import os
import re
import subprocess
import sys

import pytest
from invoke.collection import Collection
from invoke.tasks import Task

import tasks
from slipway.schema import words
from slipway.verbs.options import EVERYWHERE
from tests.support import ROOT, Checkout

VERBS: list[Task] = list(Collection.from_module(tasks).tasks.values())  # type: ignore[type-arg]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_h_asks_for_help_and_does_nothing(verb: Task) -> None:  # type: ignore[type-arg]
    assert "h" not in {name for argument in verb.get_arguments() for name in argument.names}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_first_line_of_help_is_short(verb: Task) -> None:  # type: ignore[type-arg]
    first = (verb.__doc__ or "").splitlines()[0]

    assert 10 < len(first) <= 60
    assert first.endswith(".")


def test_messages_know_the_verbs_of_an_environment() -> None:
    options = {verb.name: {name for one in verb.get_arguments() for name in one.names} for verb in VERBS}
    wanted = ["env", *(name for name, known in options.items() if EVERYWHERE.keys() <= known)]
    assert sorted(words.VERBS) == sorted(wanted)
    deploys = [name for name, known in options.items() if "env" in known and "prod" not in known]
    assert sorted(words.DEPLOYS) == sorted(deploys)


@pytest.mark.parametrize("kept", [True, False])
def test_bytecode_is_kept_unless_python_is_told_otherwise(little: Checkout, kept: bool) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {} if kept else {"PYTHONDONTWRITEBYTECODE": "1"}
    listed = [sys.executable, "-m", "invoke", "--search-root", str(little.root), "--list"]
    subprocess.run(listed, cwd=little.root, env=env, check=True, capture_output=True)
    assert bool(list(little.root.glob("slipway/verbs/__pycache__/*.pyc"))) is kept


def test_the_workflows_call_verbs_that_there_are() -> None:
    known = {verb.name: {name for one in verb.get_arguments() for name in one.names} for verb in VERBS}
    called = [
        line.split("./inv ")[1].split(" >")[0].split(" -- ")[0].split()
        for file in (ROOT / ".github" / "workflows").glob("*.yaml")
        for line in file.read_text().splitlines()
        if "./inv " in line and "./inv --list" not in line
    ]

    assert {"test", "build", "release"} <= {verb for verb, *_ in called}
    for verb, *options in called:
        asked = {option.removeprefix("--").replace("-", "_") for option in options if option.startswith("--")}
        assert asked <= {name.replace("-", "_") for name in known[verb]}


def test_the_workflow_of_a_release_has_no_secret_where_gates_run() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yaml").read_text()
    head, gates, publish = re.split(r"(?m)^  (?:gates|publish):$", text)
    assert "permissions: {}" in head
    assert "secrets." not in head
    assert "./inv release --save" in gates
    for word in ("secrets.", "github.token", "id-token", "packages:", "write", "environment:", "docker login", "env:"):
        assert word not in re.sub(r"#.*", "", gates), word
    assert "persist-credentials: false" in gates
    assert "needs: gates" in publish
    assert re.findall(r"\./inv (\S+ \S+)", publish) == [
        "--list #",
        "release --load",
        "verify --tag",
    ]
