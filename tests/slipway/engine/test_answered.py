"""What is made of an answer that refuses."""

import json

from slipway.engine.answered import Away, refused


def test_a_worker_says_to_name_a_manager() -> None:
    said = "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state."
    assert "--context NAME" in str(refused(503, json.dumps({"message": said}).encode()).message)
    assert isinstance(refused(503, json.dumps({"message": "The swarm does not have a leader"}).encode()), Away)
