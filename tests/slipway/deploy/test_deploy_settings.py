"""Settings are compared by their hashes."""

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.core.words import listed
from slipway.deploy.settings import NOT_KNOWN, check_ports, check_trusted, difference, hashed, hashes
from tests.slipway.deploy.support import SETTINGS


def test_difference_names_and_never_shows() -> None:
    assert difference(SETTINGS, SETTINGS) == difference({}, {}) == ""
    assert difference({}, SETTINGS) == difference(SETTINGS, {}) == NOT_KNOWN  # a release that the ledger had lost
    assert hashed("salt", "SECRET", "value") != hashed("other salt", "SECRET", "value")
    assert hashed("salt", "SECRET", "value") != hashed("salt", "OTHER", "value")
    assert "value" not in hashed("salt", "SECRET", "value")
    assert hashes({"B": "2", "A": "1"}, "salt") == {"A": hashed("salt", "A", "1"), "B": hashed("salt", "B", "2")}


TRUSTED = ["", "192.0.2.7", "10.0.0.0/8, 2001:db8::/32", "172.16.0.0/12,fc00::/7", "104.16.0.0/13, 2a06:98c0::/29,"]


@pytest.mark.parametrize("proxies", TRUSTED)
def test_proxies_that_are_trusted_are_addresses_or_networks(proxies: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_trusted(proxies, Steps())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("network", ["0.0.0.0/0", "0.0.0.0/1", "172.0.0.0/8", "::/0", "2000::/3", "2002::/16"])
def test_who_trusts_everybody_is_told(network: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_trusted(f"192.0.2.7, {network}", Steps())
    said = capsys.readouterr().err
    assert said.startswith(f"  TRUSTED_PROXIES: whoever asks from {network} can pass for any other client, unless a ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "wrong",
    ["cdn.example.com", "10.0.0.0/8 192.0.2.7", "private_ranges", "10.0.0.0/33", "010.0.0.0/8", "fe80::1%eth0", "*"],
)
def test_nothing_else_is_trusted(wrong: str) -> None:
    with pytest.raises(Problem) as stopped:
        check_trusted(f"192.0.2.7, {wrong}", Steps())
    assert str(stopped.value) == (
        f".env: TRUSTED_PROXIES: {wrong} is neither an address nor a network. Write those, like 192.0.2.7 or "
        "192.0.2.0/24, with commas between."
    )


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("192.0.2.1/24", "192.0.2.0/24, or for this address alone 192.0.2.1"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("192.0.2.1/255.255.255.0", "192.0.2.0/24, or for this address alone 192.0.2.1"),
        ("2001:db8::1/32", "2001:db8::/32, or for this address alone 2001:db8::1"),
    ],
)
def test_what_means_a_network_is_told_how_to_write_it(wrong: str, right: str) -> None:
    with pytest.raises(Problem) as stopped:
        check_trusted(wrong, Steps())
    said = f".env: TRUSTED_PROXIES: {wrong} is not how a network is written. Write {right}."
    assert str(stopped.value) == said


def test_http_and_https_have_ports_of_their_own() -> None:
    check_ports(80, 443)
    with pytest.raises(Problem, match="HTTPS_PORT=8443 has to be another than PORT"):
        check_ports(8443, 8443)


def test_a_list_has_commas_between() -> None:
    assert listed(" example.com,www.example.com , ") == ["example.com", "www.example.com"]
    assert listed("") == []
