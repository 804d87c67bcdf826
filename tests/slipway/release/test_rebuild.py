"""What a rebuild of a release starts from, compared with what the release says."""

from slipway.release.verify import differences
from tests.slipway.trust.support import ORIGIN


def test_what_a_rebuild_would_start_from_otherwise_is_named() -> None:
    args, bases = dict(ORIGIN.arguments), ["sha256:1", ORIGIN.base_digest]
    assert differences(ORIGIN, args, ORIGIN.lock, bases) == []
    found = differences(ORIGIN, {**args, "PORT": "9", "NEW": "1"}, "0" * 64, ["sha256:1"])
    assert found[0] == "the build argument NEW was None and is '1'"
    assert "the build argument PORT was '8000' and is '9'" in found
    assert "poetry.lock is another one" in found
    assert f"docker pull python@{ORIGIN.base_digest}" in found[-1]
    assert "there is no python:3.13-slim here" in differences(ORIGIN, args, ORIGIN.lock, [])[0]
