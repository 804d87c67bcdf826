"""What a release and its proxy were given, by the names of a settings file."""

import pytest

from slipway.deploy.compose.given import of_proxy
from slipway.engine.containers import Container

HTTP = {"80/tcp": (8123,), "443/tcp": ()}


@pytest.mark.parametrize(
    ("env", "ports", "found"),
    [
        (("SITE=:80", "TRUSTED=127.0.0.1/32"), HTTP, {"PORT": "8123"}),
        (
            ("SITE=a.example, b.example", "OPTION_EMAIL=email ann@a.example", "TRUSTED=192.0.2.0/24 192.0.2.7"),
            {"80/tcp": (80,), "443/tcp": (443,)},
            {
                "DOMAIN": "a.example, b.example",
                "ACME_EMAIL": "ann@a.example",
                "TRUSTED_PROXIES": "192.0.2.0/24,192.0.2.7",
            },
        ),
        (
            ("SITE=a.example", "HTTPS_PORT=8443", "OPTION_CA=acme_ca https://ca.example"),
            {"80/tcp": (8080,)},
            {"DOMAIN": "a.example", "PORT": "8080", "HTTPS_PORT": "8443", "ACME_CA": "https://ca.example"},
        ),
    ],
    ids=["a port", "a domain", "other ports"],
)
def test_a_proxy_tells_what_it_was_given(
    env: tuple[str, ...], ports: dict[str, tuple[int, ...]], found: dict[str, str]
) -> None:
    assert of_proxy(Container("1", env=env, ports=ports)) == found


def test_without_a_proxy_there_is_nothing_to_tell() -> None:
    assert of_proxy(None) == {}
