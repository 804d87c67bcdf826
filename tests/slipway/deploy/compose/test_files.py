"""Where the files of a deployment are read: by the proxy's container, the lock's, or without one that runs."""

import json
from collections.abc import Callable
from functools import partial

import pytest

from slipway import __version__
from slipway.core.errors import Problem
from slipway.deploy.compose.files import CADDYFILE, DEFINITION, LEDGER, SALT, Files, is_private, text
from slipway.engine.containers import Container
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.engine.support import Answers, Copies
from tests.support import ROOT

STATE = {"State": {"Running": True}, "NetworkSettings": {"Networks": {}}}
PROXY = json.dumps(
    [{"Id": "p", "Name": "/proxy", "Config": {"Labels": {"com.docker.compose.service": "proxy"}}} | STATE]
)
THERE = "shop-prod_db\nshop-prod_deployment\nshop-prod_ledger"


@pytest.fixture(autouse=True)
def name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the deployment."""
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")


def files(shell: Answers, *there: Container) -> Files:
    """Return the files of a deployment."""
    stack = Stack(shell, load(ROOT), "prod", dict)
    stack._seen = [*there] or None
    return Files(stack, lambda: "caddy:2")


def test_what_the_proxy_may_read_is_read_in_its_container() -> None:
    shell = Answers("p", PROXY, "=d2ViLWE=\n-\n-")
    assert files(shell).read("live", "flipped") == ["web-a", ""]
    assert shell.asked[-1][:5] == ["docker", "exec", "--workdir", "/deployment", "proxy"]


@pytest.mark.parametrize("said", [" ", "=d2ViLWE=", "=d2ViLWE=\n-"])
def test_an_answer_that_got_lost_is_none(said: str) -> None:
    shell = Answers("p", PROXY, said, "shop-prod_deployment")
    with pytest.raises(Problem, match="broke off"):
        files(shell).read("live", "flipped")


def test_the_ledger_is_read_without_a_container_that_runs() -> None:
    shell = Copies({"deployment/live": b"web-a", "ledger/releases.jsonl": b"1\n"}, THERE, "id", "removed")
    assert files(shell).read("live", LEDGER, SALT) == ["web-a", "1\n", ""]
    assert [argv[1] for argv in shell.asked] == ["volume", "create", "cp", "rm"]
    assert "shop-prod_ledger:/files/ledger:ro" in shell.asked[1]


def test_what_was_never_split_is_read_where_it_is_and_no_volume_is_made() -> None:
    shell = Copies(
        {"deployment/salt": b"s", "deployment/releases.jsonl": b"1\n"}, "shop-prod_deployment", "id", "removed"
    )
    assert files(shell).read(LEDGER, SALT) == ["1\n", "s"]
    assert [word for word in shell.asked[1] if "ledger" in word] == []


def test_of_a_deployment_that_never_was_nothing_is_read() -> None:
    shell = Answers(" ")
    assert files(shell).read("live", LEDGER) == ["", ""]
    assert [argv[1] for argv in shell.asked] == ["volume"]


def test_who_holds_the_lock_splits_reads_and_writes_in_its_container() -> None:
    shell = Answers("split", "=cw==\n-", "written")
    of = files(shell, Container("1"))
    with of.held("lock-id"):
        assert of.read(SALT) == ["s"]
        of.write(DEFINITION, "{}")
    assert of.holding == ""
    assert [argv[argv.index("sh", 8) + 1 :] for argv in shell.asked] == [
        ["split", "1", __version__], ["get", "../ledger/salt", "format"], ["hide", "../ledger/proxy.json"],
    ]  # fmt: skip
    assert all("lock-id" in argv for argv in shell.asked)


READ_ONLY = "sh: can't create live.new: Read-only file system"


def problem(call: Callable[[], object]) -> str:
    """Return the message of the Problem that a call raises."""
    with pytest.raises(Problem) as raised:
        call()
    return str(raised.value.message)


def test_what_cannot_be_split_read_or_written_is_told_with_its_volume_and_why() -> None:
    said = problem(files(Answers("", said=READ_ONLY), Container("1")).held("lock-id").__enter__)
    assert said == f"{READ_ONLY}\nWhat is in the volume shop-prod_deployment could not be moved into shop-prod_ledger."
    for name, volume in ((SALT, "shop-prod_ledger"), (CADDYFILE, "shop-prod_deployment")):
        of = files(Answers("", "", said=READ_ONLY))
        of.holding = "lock-id"
        short = name.rpartition("/")[2]
        assert problem(partial(of.write, name, "")) == (
            f"{READ_ONLY}\n{short} could not be written into the volume {volume}."
        )
        assert problem(partial(of.read, name)) == (
            f"{READ_ONLY}\nThe files in the volume shop-prod_deployment cannot be read."
        )


def test_what_said_nothing_is_told_by_its_status_and_what_is_fine_is_no_failure() -> None:
    of = files(Answers("", ""))
    of.holding = "lock-id"
    assert problem(partial(of.rename, "a", "b")) == (
        "docker ended with status 1.\nb could not be written into the volume shop-prod_deployment."
    )
    assert of.script("seal", failed="It failed.", fine=(0, 1)) == (1, "")


def test_until_it_is_split_what_is_in_the_old_place_is_the_later() -> None:
    there = {
        "/deployment/releases.jsonl": b"3\n", "/ledger/releases.jsonl": b"1\n2", "/deployment/salt": b"t",
        "/ledger/salt": b"s", "/ledger/proxy.json": b"{}", "/deployment/live": b"web-a",
    }  # fmt: skip
    assert text(there, LEDGER).split() == ["1", "2", "3"]
    assert [text(there, name) for name in (SALT, DEFINITION, "live", CADDYFILE)] == ["t", "{}", "web-a", ""]
    assert [is_private(name) for name in (LEDGER, SALT, DEFINITION, "live", CADDYFILE)] == [True] * 3 + [False] * 2
