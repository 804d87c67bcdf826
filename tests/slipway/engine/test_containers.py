"""What `docker inspect` says of a container that was just started."""

from typing import Any

import pytest

from slipway.runtime.compose import verdict


def container(
    status: str = "", running: bool = True, outputs: tuple[str, ...] = (), restarts: int = 0
) -> dict[str, Any]:
    """Make what `docker inspect` prints, as far as it is read."""
    state: dict[str, Any] = {"Running": running, "ExitCode": 3}
    if status:
        state["Health"] = {"Status": status, "Log": [{"Output": output} for output in outputs] or None}
    return {"State": state, "RestartCount": restarts}


@pytest.mark.parametrize(
    ("found", "judged"),
    [
        (None, "is gone"),
        (container(), ""),
        (container("healthy"), ""),
        (container("starting"), None),
        (container("starting", outputs=("503\n",)), None),
        (container("starting", outputs=("500\n", "")), "answers 500"),
        (container("unhealthy", outputs=("503\n",)), "is unhealthy"),
        (container("starting", running=False), "ended with status 3"),
        (container("starting", restarts=2), "ended, and was started again"),
        (container("healthy", restarts=1), ""),
    ],
)
def test_verdict(found: dict[str, Any] | None, judged: str | None) -> None:
    assert verdict(found, restarts=1) == judged
