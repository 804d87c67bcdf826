"""The companions of the Compose files on this machine."""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.core import processes
from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.runtime.environment import Environment
from slipway.runtime.host_companions import HostCompanions
from tests.slipway.runtime.support import start, stop
from tests.support import wait_for

Make = Callable[..., HostCompanions]
# What a Redis is to Slipway: it takes these options, and listens.
SERVER = f"""#!{sys.executable}
import socket, sys, time
print(sys.argv[1:], flush=True)
if "never" in sys.argv:
    sys.exit("it cannot be")
if "late" in sys.argv:
    time.sleep(60)
of = dict(zip(sys.argv[1::2], sys.argv[2::2]))
server = socket.create_server((of["--bind"], int(of["--port"])))
open(of["--dir"] + "/dump.rdb", "w").close()
while True:
    server.accept()
"""
CACHE = """services:
  web: {image: shop}
  db: {image: "postgres:17"}
  cache:
    image: redis:8-alpine
    command: [redis-server, --appendonly, "yes"]
  other: {image: redis, profiles: [debug]}
"""
SETTINGS = "CACHE_URL=redis://:secret@cache:6379/0\n"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Give what makes the companions of a project, with a program called redis-server; all are stopped."""
    made: list[HostCompanions] = []
    (folder := tmp_path / "programs").mkdir()
    (folder / "redis-server").write_text(SERVER)
    (folder / "redis-server").chmod(0o755)
    monkeypatch.delenv("CACHE_URL", raising=False)

    def make(compose: str = CACHE, settings: str = SETTINGS, table: str = "", path: Path = folder) -> HostCompanions:
        (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "shop"\nversion = "1"\n[tool.slipway]\n{table}\n')
        (tmp_path / "compose.yaml").write_text(compose)
        (tmp_path / ".env.example").write_text(settings)
        (tmp_path / ".env").write_text(settings)
        project, steps = load(tmp_path), Steps()
        of = Environment("dev", project.state / "dev", Settings(project, steps, lambda: False))
        told = {"PATH": str(path)}
        made.append(HostCompanions(Checkout(project, Shell(tmp_path, steps)), of, lambda: told))
        return made[-1]

    yield make
    stop(made)


def port(companions: HostCompanions, name: str = "cache") -> int:
    """Return where one listens."""
    record = processes.load(companions.background.record(name))
    assert record
    return record.port


def test_one_whose_program_is_here_is_started_and_the_settings_lead_to_it(make: Make) -> None:
    companions = make()
    assert companions.where() == {}
    assert start(companions)
    where = port(companions)
    assert companions.where() == {"CACHE_URL": f"redis://:secret@{LOOPBACK}:{where}/0"}
    assert companions.states()["cache"].state == "running"
    assert not start(companions)

    (data,) = companions.volumes()
    said = companions.background.log("cache").read_text()
    assert (
        f"['--appendonly', 'yes', '--bind', '{LOOPBACK}', '--port', '{where}', '--dir', '{data}', '--daemonize', 'no']"
        in said
    )
    companions.stop_all()
    assert (companions.states()["cache"].state, companions.where()) == ("stopped", {})
    assert start(companions)
    assert port(companions) == where  # what runs was told so
    companions.stop_all()
    companions.remove()
    assert companions.volumes() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": Path("/nowhere")}, "redis-server is not on PATH: install it (Debian: sudo apt install redis-server;"),
        ({"settings": "CACHE_URL=redis://cache.example.com\n"}, "no setting names it as its host"),
        ({"compose": CACHE.replace("redis:8-alpine", "rabbitmq:4")}, "how rabbitmq:4 runs without Docker is not known"),
        ({"compose": CACHE.replace("redis:8-alpine", '"x@sha256:1"')}, "how x@sha256:1 runs without Docker is not"),
        ({"compose": CACHE.replace('"yes"', '"${AOF}"')}, "its command in the Compose file is for its container"),
        (
            {"compose": CACHE.replace('"yes"', "/etc/redis.conf")},
            "its command in the Compose file is for its container",
        ),
        ({"compose": CACHE.replace('[redis-server, --appendonly, "yes"]', "redis-server it's")}, "its command in the"),
        ({"compose": CACHE.replace("redis:8-alpine", "redis-sentinel:8")}, "how redis-sentinel:8 runs without Docker"),
        ({"compose": CACHE.replace("redis-server,", "sh,")}, "its command in the Compose file is for its container"),
    ],
)
def test_one_that_cannot_be_started_is_named_with_what_to_do(
    make: Make, change: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    companions = make(**change)
    assert not start(companions)
    shown = capsys.readouterr().err
    assert said in shown
    assert "other" not in shown
    assert companions.states()["cache"].state == "stopped"


def test_a_command_of_the_projects_own_counts_and_an_empty_one_is_none(make: Make) -> None:
    table = '[tool.slipway.companions]\ncache = "redis-server --bind 127.0.0.1 --port {port} --dir {data} --mine yes"\n'
    own = make(CACHE.replace("redis:8-alpine", "rabbitmq:4"), table=table)
    assert start(own)
    assert "'--mine', 'yes'" in own.background.log("cache").read_text()
    own.stop_all()
    none = make(table='[tool.slipway.companions]\ncache = ""\n')
    assert not start(none)
    assert none.states() == {}


def test_one_that_ends_is_said_with_its_log_and_the_rest_is_stopped(make: Make) -> None:
    two = f"{CACHE}  queue:\n    image: redis\n    command: redis-server never never\n"
    broken = make(two, f"{SETTINGS}QUEUE_HOST=queue\n")
    with pytest.raises(Problem, match="it cannot be") as raised, contextlib.ExitStack() as undo:
        broken.start(undo)
    assert "queue ended with status 1" in str(raised.value.message)
    wait_for(lambda: {one.state for one in broken.states().values()} == {"stopped"})


def test_another_program_on_its_port_is_not_taken_for_it(make: Make) -> None:
    late = make(CACHE.replace('"yes"', '"yes", late, late'), table="wait = 2\n")
    kept = late.background.folder / "cache.port"

    def take() -> socket.socket:
        wait_for(lambda: kept.exists() and kept.read_text() != "")
        return socket.create_server((LOOPBACK, int(kept.read_text())))

    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(take)
        with pytest.raises(Problem, match=r"cache did not listen on \d+ in 2 s"), contextlib.ExitStack() as undo:
            late.start(undo)
        taken.result().close()


def test_a_user_without_a_name_has_one_all_the_same(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert start(make())


def test_a_compose_file_that_is_none_is_a_problem(make: Make) -> None:
    with pytest.raises(Problem, match=r"compose\.yaml cannot be read"):
        start(make("services: {cache\n"))
