"""What the proxies of a Swarm say of a release."""

import pytest

from slipway.deploy.swarm.proxy import all_answer
from slipway.deploy.swarm.questions import Answer

GOOD, BAD = Answer(True, "  HTTP/1.1 200 OK"), Answer(head="  HTTP/1.1 502 Bad Gateway")
SILENT = Answer(head="wget: timed out")


@pytest.mark.parametrize(
    ("found", "well"),
    [
        ([GOOD, GOOD], True),
        ([GOOD, BAD], False),
        ([GOOD, SILENT], True),  # on a node that was lost a moment ago
        ([SILENT], False),
        ([BAD, SILENT], False),
        ([], False),
    ],
)
def test_each_proxy_that_can_be_reached_has_to_answer(found: list[Answer], well: bool) -> None:
    assert all_answer(found) is well
