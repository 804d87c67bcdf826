"""Build arguments that a Compose file gives to the Dockerfile."""

from pathlib import Path

import pytest

from slipway.adopt.detect import detect
from slipway.adopt.toml import tables
from tests.slipway.adopt.support import APP, project

DOCKERFILE = "ARG TAG=3.12\nFROM python:${TAG}\nARG FEATURES DEBUG\nARG API_TOKEN\nCMD uvicorn main:app\n"


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ("{FEATURES: all, DEBUG: false, TAG: 3.13, OTHER: x}", {"FEATURES": "all", "DEBUG": "false", "TAG": "3.13"}),
        ("[FEATURES=a b, DEBUG]", {"FEATURES": "a b"}),
        ("{FEATURES: '${FEATURES:-some}', DEBUG: '${DEBUG}'}", {"FEATURES": "some"}),
        ("{}", {}),
    ],
    ids=["values", "a list", "variables", "none"],
)
def test_those_that_the_dockerfile_knows_are_taken(tmp_path: Path, args: str, found: dict[str, str]) -> None:
    compose = f"services:\n  web:\n    build:\n      context: .\n      args: {args}\n    command: uvicorn main:app\n"
    files = project(tmp_path, {"Dockerfile": DOCKERFILE, "compose.yaml": compose, "main.py": APP})
    assert tables(files, detect(files))["build-args"] == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "hunter2hunter2"),
        ("FEATURES", "https://me:hunter2@example.com/simple"),
        ("DEBUG", '"-----BEGIN PRIVATE KEY-----\\nhunter2"'),
    ],
    ids=["by its name", "a login", "a key"],
)
def test_a_secret_is_told_without_its_value(tmp_path: Path, name: str, value: str) -> None:
    build = f"{{context: ., args: {{{name}: {value}}}}}"
    compose = f"services:\n  web:\n    build: {build}\n    command: uvicorn main:app\n"
    files = project(tmp_path, {"Dockerfile": DOCKERFILE, "compose.yaml": compose, "main.py": APP})
    found = detect(files)
    assert tables(files, found)["build-args"] == {}
    (told,) = [one for one in found.untold if "gives the build" in one.what]
    assert f"compose.yaml:2 gives the build {name}" in told.what
    assert "hunter2" not in told.what + told.line
