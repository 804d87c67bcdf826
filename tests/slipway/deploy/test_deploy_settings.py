"""Settings are compared by their hashes."""

from slipway.deploy.settings import difference, hashed, hashes
from tests.slipway.deploy.support import SETTINGS


def test_difference_names_and_never_shows() -> None:
    assert difference(SETTINGS, SETTINGS) == ""
    assert hashed("salt", "SECRET", "value") != hashed("other salt", "SECRET", "value")
    assert hashed("salt", "SECRET", "value") != hashed("salt", "OTHER", "value")
    assert "value" not in hashed("salt", "SECRET", "value")
    assert hashes({"B": "2", "A": "1"}, "salt") == {"A": hashed("salt", "A", "1"), "B": hashed("salt", "B", "2")}
