"""A Caddyfile with which clients would find nobody is refused."""

import contextlib
import json

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compose import listening

PUBLISHED = {"ports": [{"target": 80, "published": "8000"}, {"target": 443, "published": "443"}, {"target": 9}]}


@pytest.mark.parametrize(
    ("listen", "found"),
    [
        ([":80"], True), (["tcp4/:80"], True), (["0.0.0.0:79-81"], True), (["[::]:443"], True), ([":8099"], False),
        (["127.0.0.1:80"], False), (["[::1]:80"], False), (["unix//run/80:80"], False), ([":9"], False), ([], False),
    ],
)  # fmt: skip
def test_one_site_has_to_listen_where_clients_come_to(listen: list[str], found: bool) -> None:
    internal = {"listen": ["127.0.0.1:2020"]}
    adapted = json.dumps({"apps": {"http": {"servers": {"srv0": internal, "srv1": {"listen": listen}}}}})
    with contextlib.nullcontext() if found else pytest.raises(Problem, match="listens at 80 or 443"):
        listening.check(adapted, PUBLISHED)


def test_without_ports_nobody_comes() -> None:
    listening.check("{}", {})
