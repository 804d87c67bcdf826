"""Which environment a verb is about."""

import pytest

from slipway.core.errors import Problem
from slipway.runtime.environment import choose


def test_one_switch_chooses_the_environment() -> None:
    assert choose(False, "") == "dev"
    assert choose(True, "") == "prod"
    assert choose(False, "prod") == "prod"
    assert choose(True, "dev") == "prod"
    with pytest.raises(Problem, match="SLIPWAY_ENV is dev or prod"):
        choose(False, "production")
