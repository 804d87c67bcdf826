"""A volume that another PostgreSQL has open: the Swarm's database is not started on it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.deploy.swarm import opened
from slipway.deploy.swarm.alone import mounted
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.surroundings import Definitions
from slipway.engine import images
from tests.slipway.deploy.swarm.clusters import node
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api
from tests.slipway.deploy.swarm.rendered import surroundings


def looked(monkeypatch: pytest.MonkeyPatch, status: int) -> dict[str, Any]:
    """Look whether it is open, which a job answers with a status; return the job."""
    asked: list[dict[str, Any]] = []

    def follow(*args: Any) -> Ran:
        asked.append(args[1])
        return Ran(status, "", "said" if status else "")

    monkeypatch.setattr(opened, "follow", follow)
    monkeypatch.setattr(images, "inspect", lambda *_: None)
    monkeypatch.setenv("DOCKER_CONFIG", str(Path("/nowhere")))
    definitions = SimpleNamespace(config=lambda port: surroundings())
    parts = Parts(api(MemoryApi()), "shop-prod", lambda: None)
    opened.refuse(parts, cast("Definitions", definitions), node("n2"))
    return asked[0]


def test_the_job_has_the_volume_and_is_where_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    job = looked(monkeypatch, 0)
    container = job["TaskTemplate"]["ContainerSpec"]
    assert container["Args"] == ["sh", "-c", '[ ! -e "$PGDATA/postmaster.pid" ] || exit 9']
    assert mounted(container)["Source"].endswith("_db")
    assert container["User"] == "postgres"
    assert "Env" not in container, "no password"
    assert job["TaskTemplate"]["Placement"]["Constraints"] == ["node.labels.slipway.data == true"]


def test_what_is_open_or_cannot_be_told_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match=r"On n2, .* docker ps --filter volume=\S+_db\. .* ./inv deploy --move"):
        looked(monkeypatch, opened.OPEN)
    with pytest.raises(Problem, match="cannot be told"):
        looked(monkeypatch, 1)
