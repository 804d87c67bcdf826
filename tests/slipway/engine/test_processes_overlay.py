"""The Compose file of a release's processes; that Compose reads it so is tested in tests/e2e."""

import json
from dataclasses import replace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.engine.processes import RUNNER, overlays, replicas
from slipway.project.config import Project, load
from slipway.project.processes import Process
from tests.support import ROOT

WEB: dict[str, Any] = {"networks": {"default": {"aliases": ["web-r"]}, "database": {}}}
FILE = ["compose.release.yaml"]


@pytest.fixture
def project() -> Project:
    """Give a project without processes."""
    return replace(load(ROOT), processes={})


def lines(
    project: Project, processes: dict[str, Process], services: dict[str, Any], files: list[str]
) -> list[list[str]]:
    """Return the lines of each file."""
    found = overlays(replace(project, processes=processes), {"web": WEB, **services}, files)
    return [[line.strip() for line in one.splitlines()] for one in found]


def test_one_is_as_web_but_for_what_leads_clients_to_it(project: Project) -> None:
    (found,) = lines(project, {"worker": Process("run '$HOME x'", memory="128m", stop_timeout=90)}, {}, FILE)

    assert found == [
        "services:",
        '"worker":',
        'extends: {"file": "compose.release.yaml", "service": "web"}',
        'networks: !override {"default": {}, "database": {}}',
        "ports: !reset []",
        "healthcheck: !override {disable: true}",
        'command: ["run", "$$HOME x"]',
        'mem_limit: "128m"',
        "stop_grace_period: 90s",
    ]


def test_a_single_one_runs_under_a_lock_that_all_releases_share(project: Project) -> None:
    (found,) = lines(project, {"beat": Process("run beat", single=True, health="well")}, {}, FILE)
    command = json.loads(next(line for line in found if line.startswith("command: ")).removeprefix("command: "))

    assert command[:3] == ["python", "-I", "-c"]
    assert command[4:] == ["/run/slipway/beat.lock", "run", "beat"]
    assert 'labels: {"dev.slipway.single": "true"}' in found
    assert 'volumes: ["single:/run/slipway"]' in found
    assert found[-2:] == ["volumes:", "single: {}"]
    health = next(line for line in found[::-1] if line.startswith("healthcheck"))
    assert health.startswith('healthcheck: !override {test: ["CMD", "well"], ')
    assert health.endswith("start_period: 60s}")


def test_in_development_each_file_is_extended_and_one_of_each_is_restarted_with_the_code(project: Project) -> None:
    files = ["compose.yaml", "compose.override.yaml"]
    app, file = {"type": "bind", "target": "/srv/app"}, {"type": "bind", "target": "/srv/gunicorn.conf.py"}
    table = {"worker": Process("run", 3, stop_timeout=60), "beat": Process("beat", single=True), "own": Process()}
    seen = replace(project, processes=table)
    first, last = overlays(seen, {"web": {**WEB, "volumes": [app, file, {"type": "volume"}]}}, files, dev=True)

    assert first.splitlines()[:3] == [
        "services:", '  "worker":', '    extends: {"file": "compose.yaml", "service": "web"}'
    ]  # fmt: skip
    assert 'extends: {"file": "compose.override.yaml", "service": "web"}' in last
    assert last.count('environment: {"SLIPWAY_WATCHED": "/srv/app"}') == 2
    assert ', "60", "", "run"]' in last
    assert "stop_grace_period: 65s" in last
    assert ', "30", "", "beat"]' in last
    assert "own" not in first + last  # it is a service of compose.release.yaml
    assert "single" not in last.replace(RUNNER, "")


def test_a_service_of_the_file_gets_what_the_table_says(project: Project) -> None:
    services = {"beat": {"command": ["celery", "beat"]}, "worker": {"deploy": {"replicas": 2}}, "more": {"scale": 3}}
    table = {"beat": Process(single=True), "worker": Process(memory="1g")}
    (found,) = lines(project, table, services, FILE)

    assert not [line for line in found if line.startswith(("extends", "networks"))]
    assert '"/run/slipway/beat.lock", "celery", "beat"]' in "".join(found)
    counted = replicas(replace(project, processes=table), {"web": WEB, **services})
    assert counted == {"beat": 1, "more": 3, "worker": 2}
    assert overlays(project, {"web": WEB, **services}, FILE) == []


@pytest.mark.parametrize(
    ("process", "services", "said"),
    [
        (Process("run"), {"worker": {}}, "has a command, and the Compose files a service"),
        (Process(), {}, "has no command, and the Compose files no service"),
        (Process(single=True), {"worker": {}}, "its service has to say its command"),
    ],
    ids=["both", "neither", "no command"],
)
def test_what_cannot_be_is_refused(project: Project, process: Process, services: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said):
        lines(project, {"worker": process}, services, FILE)
