"""Settings are compared by their hashes."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.settings import check_ports, check_trusted, difference, hashed, hashes, listed
from tests.slipway.deploy.support import SETTINGS


def test_difference_names_and_never_shows() -> None:
    assert difference(SETTINGS, SETTINGS) == ""
    assert hashed("salt", "SECRET", "value") != hashed("other salt", "SECRET", "value")
    assert hashed("salt", "SECRET", "value") != hashed("salt", "OTHER", "value")
    assert "value" not in hashed("salt", "SECRET", "value")
    assert hashes({"B": "2", "A": "1"}, "salt") == {"A": hashed("salt", "A", "1"), "B": hashed("salt", "B", "2")}


@pytest.mark.parametrize("proxies", ["", "192.0.2.7", "10.0.0.0/8, 2001:db8::/32"])
def test_proxies_that_are_trusted_are_addresses_or_networks(proxies: str) -> None:
    check_trusted(proxies)


@pytest.mark.parametrize(
    "proxies", ["cdn.example.com", "10.0.0.1/8", "10.0.0.0/255.0.0.0", "10.0.0.0/8 192.0.2.7", "private_ranges"]
)
def test_nothing_else_is_trusted(proxies: str) -> None:
    with pytest.raises(Problem, match=f"TRUSTED_PROXIES={proxies} should be addresses or networks"):
        check_trusted(proxies)


def test_http_and_https_have_ports_of_their_own() -> None:
    check_ports(80, 443)
    with pytest.raises(Problem, match="HTTPS_PORT=8443 has to be another than PORT"):
        check_ports(8443, 8443)


def test_a_list_has_commas_between() -> None:
    assert listed(" example.com,www.example.com , ") == ["example.com", "www.example.com"]
    assert listed("") == []
