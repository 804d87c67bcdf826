"""What a rebuild of a release starts from, compared with what the release says."""

import pytest

from slipway.core.errors import Problem
from slipway.release.verify import check_platform, differences
from tests.slipway.trust.support import ORIGIN


def test_what_a_rebuild_would_start_from_otherwise_is_named() -> None:
    args = dict(ORIGIN.arguments)
    assert differences(ORIGIN, args, ORIGIN.lock) == []
    found = differences(ORIGIN, {**args, "PORT": "9", "NEW": "1", "PREVIOUS": "1.4.1"}, "0" * 64)
    assert found == [
        "the build argument NEW was None and is '1'",
        "the build argument PORT was '8000' and is '9'",
        "the build argument PREVIOUS was None and is '1.4.1' (git fetch --tags; --unshallow, if the clone is shallow)",
        "poetry.lock is another one",
    ]


def test_an_image_is_compared_on_its_own_platform_alone() -> None:
    check_platform("r/shop@sha256:1", "linux/amd64", "linux/amd64")
    with pytest.raises(Problem, match="is for linux/amd64, and this engine builds for linux/arm64"):
        check_platform("r/shop@sha256:1", "linux/amd64", "linux/arm64")
    with pytest.raises(Problem, match="is not of one platform"):
        check_platform("r/shop@sha256:1", "", "linux/amd64")
