"""[tool.slipway.companions], and the settings that name a companion."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.companions import named, seen_at
from slipway.project.config import load

MINIMAL = '[project]\nname = "thing"\nversion = "1.0.0"\n[tool.slipway.companions]\n'


def test_a_companion_is_a_command_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'{MINIMAL}cache = "redis-server --port {{port}}"\nrabbit_MQ = ""\n')
    assert load(tmp_path).companions == {"cache": "redis-server --port {port}", "rabbit_MQ": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('db = "x"', "db is not the name of a service of the Compose files beside web, db"),
        ('"a/b" = "x"', "a/b is not the name"),
        ("cache = 3", "cache = 3 should be a string"),
        ('cache = "a | b"', "runs without a shell"),
    ],
)
def test_what_none_can_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(MINIMAL + text)
    with pytest.raises(Problem, match=said):
        load(tmp_path)


@pytest.mark.parametrize(
    ("values", "port", "here"),
    [
        ({"REDIS_URL": "redis://cache:6379/0"}, 6379, {"REDIS_URL": "redis://127.0.0.1:7000/0"}),
        ({"REDIS_URL": "redis://:a%40b@cache/0"}, 0, {"REDIS_URL": "redis://:a%40b@127.0.0.1:7000/0"}),
        ({"SERVERS": "cache:1,other:2,cache:3"}, 1, {"SERVERS": "127.0.0.1:7000,other:2,127.0.0.1:7000"}),
        ({"REDIS_HOST": "cache"}, 0, {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "7000"}),
        ({"HOST": "cache", "PORT": "25"}, 25, {"HOST": "127.0.0.1", "PORT": "7000"}),
        ({"SMTP_SERVER": "cache", "SMTP_PORT": "x"}, 0, {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "7000"}),
        ({"BACKEND": "cache", "URL": "cache://other:1", "TEXT": "a cache, say"}, None, {}),
        ({"URL": "redis://my-cache:1/cache", "OTHER": "redis://cache.example.com:1"}, None, {}),
    ],
)
def test_a_setting_names_one_as_a_host(values: dict[str, str], port: int | None, here: dict[str, str]) -> None:
    assert named(values, "cache") == port
    assert seen_at(values, "cache", "127.0.0.1", 7000) == here
