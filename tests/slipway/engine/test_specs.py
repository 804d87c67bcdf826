"""What a Swarm says of a service, beside what it was told."""

from typing import Any

import pytest

from slipway.engine.swarm.specs import has, is_as_told, is_so, marked

NETWORK = {"Target": "shop-prod_overlay_default", "Aliases": ["web"]}
TOLD: dict[str, Any] = {
    "Name": "shop-prod_web",
    "Labels": {"dev.slipway.release": "a"},
    "TaskTemplate": {
        "ContainerSpec": {"Image": "shop:1@sha256:1", "Env": ["A=1"], "HealthCheck": {"Retries": 3}, "Args": []},
        "Networks": [NETWORK],
        "RestartPolicy": {"Condition": "any", "Delay": 0},
    },
    "Mode": {"Replicated": {"Replicas": 3}},
    "UpdateConfig": {"Monitor": 20},
}
# As the Engine API tells it: defaults are added, what says nothing is left out, and a network has its id.
CONTAINER = {"Image": "shop:1@sha256:1", "Env": ["A=1"], "Healthcheck": {"Retries": 3}, "Isolation": "default"}
TASK = {
    "ContainerSpec": CONTAINER,
    "Networks": [{**NETWORK, "Target": "hw0nnlk4nbpu"}],
    "RestartPolicy": {"Condition": "any", "MaxAttempts": 0},
    "Runtime": "container",
}
THERE: dict[str, Any] = {**marked(TOLD), "TaskTemplate": TASK, "UpdateConfig": {"Monitor": 1}}
CHANGES: tuple[dict[str, Any], ...] = (
    {"Mode": {"Replicated": {"Replicas": 1}}},
    {"TaskTemplate": {**TASK, "ContainerSpec": {**CONTAINER, "Image": "shop:2@sha256:2"}}},
    {"TaskTemplate": {**TASK, "ContainerSpec": {**CONTAINER, "Env": ["A=1", "B=2"]}}},
    {"TaskTemplate": {**TASK, "Networks": []}},
    {"TaskTemplate": {**TASK, "RestartPolicy": {"Condition": "none"}}},
)


def test_what_the_swarm_adds_and_leaves_out_is_no_change() -> None:
    assert is_so(THERE, TOLD)
    assert has({}, {"Delay": 0, "Args": [], "Said": {}})


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_by_hand_is_found_though_its_label_stays(change: dict[str, Any]) -> None:
    there = {**THERE, **change}
    assert not is_as_told(there, TOLD)
    assert not is_so(there, TOLD)
