"""A deployment that a Swarm has: on one engine, it is refused."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compose import tasks
from tests.slipway.engine.support import Answers


def test_what_a_swarm_runs_here_is_asked_for_by_labels() -> None:
    assert tasks.list_tasks_command("shop-prod") == [
        "docker", "ps", "--filter", "label=dev.slipway.deployment=shop-prod", "--filter",
        "label=com.docker.swarm.task.id", "--format", "{{.Names}}",
    ]  # fmt: skip


def test_it_is_named_with_the_way_back() -> None:
    shell = Answers("shop-prod_web.1.b\nshop-prod_db.1.a\n")
    with pytest.raises(Problem) as refused:
        tasks.refuse(shell, "shop-prod", "prod")
    said = str(refused.value.message)
    assert "of which this engine is a node: shop-prod_db.1.a, shop-prod_web.1.b." in said
    assert './inv down --env prod with orchestrator = "swarm"' in said
    assert shell.asked == [tasks.list_tasks_command("shop-prod")]
