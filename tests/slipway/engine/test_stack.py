"""The containers of a Compose project, looked at while they start."""

import json
from dataclasses import replace

import pytest

from slipway.core.errors import Problem
from slipway.engine.containers import PROJECT, SERVICE, Container
from slipway.engine.stack import Stack, listed_command, own
from slipway.project.config import load
from tests.slipway.engine.support import Answers
from tests.support import ROOT


def facts(health: str) -> str:
    """Return what `docker inspect` prints of a service that runs."""
    state = {"Running": True, "Health": {"Status": health}}
    labels = {"com.docker.compose.service": "web"}
    return json.dumps([{"Id": "abc", "State": state, "Config": {"Labels": labels}}])


def test_a_service_that_starts_is_listed_once_and_then_looked_at() -> None:
    shell = Answers("abc", *map(facts, ["starting", "starting", "starting", "healthy"]), "abc", facts("healthy"))
    stack = Stack(shell, load(ROOT), "dev", dict)
    stack.wait("web")
    asked = [argv[1] for argv in shell.asked]
    assert asked == ["ps", "inspect", "inspect", "inspect", "inspect"]
    assert stack.runs("web")  # as it is now: what was seen before is forgotten
    assert [argv[1] for argv in shell.asked][5:] == ["ps", "inspect"]


def test_a_service_that_is_gone_while_it_is_waited_for_has_no_log() -> None:
    shell = Answers("abc", facts("starting"), "", " ", said="Error response from daemon: No such container: abc")
    with pytest.raises(Problem, match=r"^The service is gone; it logged nothing\.$"):
        Stack(shell, load(ROOT), "dev", dict).wait("web")
    assert [argv[1] for argv in shell.asked] == ["ps", "inspect", "inspect", "ps"]


def test_a_deployment_has_what_its_compose_project_has_and_its_releases() -> None:
    label = "dev.slipway.deployment=shop-prod"
    listed = [
        ("db", "shop-prod", "slipway-prod"),  # started without inv, under the label of a file of before
        ("proxy", "shop-prod", ""),
        ("web", "shop-prod-20261124t120000", "shop-prod"),
        ("others-db", "blog-prod", "shop-prod"),  # of another project, which has the label by mistake
        ("others-web", "shop-prod-20261124t120000", "blog-prod"),
        ("development", "shop", ""),
    ]
    found = own("\n".join("\t".join(row) for row in listed), "shop-prod", label)
    assert found == ["db", "proxy", "web"]
    assert own("a\tshop-prod\t\nb\tother", "shop-prod", label) == ["a"]  # output comes without what is blank at its end
    assert own("a\nb", "shop", "") == ["a", "b"]
    assert listed_command("shop", "")[-4:] == ["--filter", f"label={PROJECT}=shop", "--format", "{{.ID}}"]
    columns = f'{{{{.ID}}}}\t{{{{.Label "{PROJECT}"}}}}\t{{{{.Label "dev.slipway.deployment"}}}}'
    assert listed_command("shop-prod", label)[-4:] == ["--filter", f"label={PROJECT}", "--format", columns]


def test_a_service_is_its_own_projects_and_runs_unless_it_only_ends_again_and_again() -> None:
    def of(name: str, project: str, phase: str = "running") -> Container:
        return Container(name, name, labels={PROJECT: project, SERVICE: "db"}, phase=phase)

    stack = Stack(Answers(), load(ROOT), "prod", dict)
    stack._seen = [of("a release's", f"{stack.name}-20261124t120000"), of("mine", stack.name)]
    found = stack.container("db")
    assert found and found.name == "mine"
    assert stack.runs("db")
    stack._seen = [of("mine", stack.name, "restarting")]
    assert not stack.runs("db")
    for restarts, health, runs in (
        (3, "starting", False),
        (3, "healthy", True),
        (3, "unhealthy", True),
        (0, "starting", True),
    ):
        stack._seen = [replace(of("mine", stack.name), restarts=restarts, health=health)]
        assert stack.runs("db") == runs
