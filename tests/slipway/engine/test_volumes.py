"""What is in volumes, read without starting anything."""

import re

import pytest

from slipway.core.errors import Problem
from slipway.engine.volumes import read, reader_command
from tests.slipway.engine.support import Copies

MOUNTS = {"shop_deployment": "/deployment", "shop_ledger": "/ledger"}


def test_the_command_makes_a_container_that_is_known_as_a_one_off_of_its_project() -> None:
    command = reader_command(MOUNTS, "caddy:2", "shop")
    assert command[:3] == ["docker", "create", "--name"]
    assert re.fullmatch(r"shop-read-[0-9a-f]{8}", command[3])
    said = " ".join(command)
    for words in (
        "--network none", "--label com.docker.compose.project=shop", "--label com.docker.compose.oneoff=True",
        "--label dev.slipway.by=", "--volume shop_deployment:/files/deployment:ro",
        "--volume shop_ledger:/files/ledger:ro",
    ):  # fmt: skip
        assert words in said
    assert command[-3:] == ["--entrypoint", "true", "caddy:2"]


def test_files_come_as_they_are_and_the_container_goes() -> None:
    files = {"deployment/Caddyfile": b"a\r\n\xff\x00", "ledger/salt": b"", "ledger/long": b"x" * 100_000}
    shell = Copies(files, "id", "removed")
    assert read(shell, MOUNTS, "caddy:2", "shop") == {f"/{name}": content for name, content in files.items()}
    assert shell.asked[1:] == [
        ["docker", "cp", "id:/files/.", "-"], ["docker", "rm", "--force", "--volumes", "id"],
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [0, 700])
def test_what_cannot_be_copied_whole_is_told_and_the_container_goes(cut: int) -> None:
    shell = Copies({"ledger/releases.jsonl": b"x" * 1000}, "id", "removed", cut=cut)
    with pytest.raises(Problem, match=r"^What is in shop_deployment and shop_ledger cannot be read\.$"):
        read(shell, MOUNTS, "caddy:2", "shop")
    assert shell.asked[-1][1] == "rm"
