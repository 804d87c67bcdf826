"""What containers are told not to ask through a company's proxy."""

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.engine import proxies
from slipway.engine.proxies import logins, merged, options, overlay, read, variables
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.engine.support import Answers

SECRET = "http://ann:correct-horse@proxy.corp.example:3128"
CORP = {"httpProxy": SECRET, "httpsProxy": SECRET, "noProxy": "*.corp.example,10.0.0.0/8"}
NEAR = "localhost,127.0.0.1,::1,db,web,proxy"


@pytest.mark.parametrize(
    ("config", "exempt"),
    [
        ({}, ""),
        ({"default": {}}, ""),
        ({"default": {"noProxy": "db"}}, ""),  # nothing is asked through any
        ({"default": {"httpProxy": SECRET, "noProxy": "*"}}, ""),  # nothing either
        ({"default": {"httpProxy": SECRET}}, f"{NEAR},redis"),
        ({"default": {"allProxy": SECRET}}, f"{NEAR},redis"),
        ({"default": CORP}, f"*.corp.example,10.0.0.0/8,{NEAR},redis"),
        ({"default": CORP | {"noProxy": "redis, db"}}, "redis,db,localhost,127.0.0.1,::1,web,proxy"),
        ({"default": CORP, "tcp://here:2375": {}}, ""),  # as the client has it: its own, also an empty one
        ({"default": {}, "tcp://here:2375": CORP}, f"*.corp.example,10.0.0.0/8,{NEAR},redis"),
        ({"tcp://elsewhere:2375": CORP}, ""),
    ],
)
def test_what_the_client_exempts_is_kept_and_what_is_near_comes_in(config: dict[str, Any], exempt: str) -> None:
    assert merged(config, "tcp://here:2375", ["redis", "db"]) == exempt


def test_the_configuration_is_the_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {}, "proxies": {"default": CORP}}))
    assert read() == {"default": CORP}
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "other"))
    assert read() == {}
    (tmp_path / "other").mkdir()
    for text in ("", "{", "[]", "{}", '{"proxies": null}', '{"proxies": []}', '{"proxies": {"default": "x"}}'):
        (tmp_path / "other/config.json").write_text(text)
        assert read() == {}


def test_a_password_is_known_so_that_it_is_never_shown() -> None:
    without = {"httpProxy": "http://proxy:3128", "httpsProxy": "http://ann@proxy", "ftpProxy": None}
    assert logins({"default": CORP, "tcp://here:2375": without}) == {"ann:correct-horse"}
    assert logins({"default": {"httpProxy": "ann:horse@proxy:3128"}}) == {"ann:horse"}


def test_a_service_that_says_so_itself_is_left_alone() -> None:
    services = {"web": {"environment": {"PORT": "8000"}}, "worker": {}, "db": {"environment": {"http_proxy": ""}}}
    both = {"environment": {"NO_PROXY": "db", "no_proxy": "db"}}
    assert json.loads(overlay(services, "db")) == {"services": {"web": both, "worker": both}}
    assert variables("") == {}


def of(root: Path, *answers: str) -> tuple[Stack, Answers]:
    """Return a stack of a project in a folder, and its shell."""
    (root / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    for name in ("compose.yaml", "compose.prod.yaml", "compose.release.yaml"):
        (root / name).touch()
    shell = Answers(*answers)
    shell.root = root
    return Stack(shell, load(root), "prod", dict), shell


def test_without_a_proxy_compose_reads_the_projects_files_alone(tmp_path: Path) -> None:
    stack, shell = of(tmp_path)
    assert stack.compose("up")[-5:] == ["--file", "compose.yaml", "--file", "compose.prod.yaml", "up"]
    assert stack.compose_release("a", "up")[-3:] == ["--file", "compose.release.yaml", "up"]
    assert (options(shell, "a"), shell.asked) == ([], [])
    assert not (tmp_path / ".slipway").exists()


def test_with_one_compose_reads_whom_each_service_asks_directly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "read", lambda: {"default": CORP | {"noProxy": "a$b"}})
    migrate = json.dumps({"services": {"migrate": {}, "db": {"environment": {"HTTP_PROXY": ""}}}})
    release = json.dumps({"services": {"web": {"environment": {"PORT": "1"}}, "redis": {}}})
    stack, shell = of(tmp_path, migrate, release)
    assert stack.compose("up")[-3:] == ["--file", ".slipway/prod/direct.yaml", "up"]
    assert stack.compose_release("a", "up")[-3:] == ["--file", ".slipway/prod/direct-release.yaml", "up"]
    assert stack.compose("up") == stack.compose("up")
    assert "direct.yaml" not in " ".join(stack.bare("down"))
    assert len(shell.asked) == 2  # once for each

    def told(name: str) -> dict[str, str]:
        text = (tmp_path / ".slipway/prod" / name).read_text()
        assert "correct-horse" not in text
        return {one: of["environment"]["no_proxy"] for one, of in json.loads(text)["services"].items()}

    assert told("direct.yaml") == {"migrate": f"a$$b,{NEAR},migrate"}
    mine = f"a$$b,{NEAR},redis,web-${{RELEASE}}"
    assert told("direct-release.yaml") == {"web": mine, "redis": mine}
    assert options(shell, "x") == ["--env", f"NO_PROXY=a$b,{NEAR},x", "--env", f"no_proxy=a$b,{NEAR},x"]


def test_an_engine_with_proxies_of_its_own_is_asked_for_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(proxies, "read", lambda: {"default": {}, "ssh://shop": CORP})
    shell = Answers("ssh://shop")
    assert proxies.exempt(shell).endswith(NEAR)
    assert shell.asked == [["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]]
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    assert proxies.exempt(Answers()) == ""
