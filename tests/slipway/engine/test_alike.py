"""Containers like another one: what `docker run` is told."""

from typing import Any

import pytest

from slipway.engine import alike
from slipway.engine.images import EngineImage
from slipway.project import labels

HOST: dict[str, Any] = {
    "NetworkMode": "shop-prod_default", "ReadonlyRootfs": True, "CapDrop": ["ALL"], "Memory": 1 << 30, "PidsLimit": 512,
    "SecurityOpt": ["no-new-privileges:true"], "Tmpfs": {"/tmp": "size=64m,noexec", "/run": ""}, "NanoCpus": 1500000000,
    "Binds": ["shop-prod_uploads:/srv/uploads:rw"], "Privileged": False, "Ulimits": [],
    "Mounts": [{"Type": "volume", "Source": "shop-prod-1-secrets", "Target": "/run/secrets", "ReadOnly": True}],
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m"}}, "RestartPolicy": {"Name": "unless-stopped"},
}  # fmt: skip
FACTS: dict[str, Any] = {
    "Config": {
        "User": "65532:65532", "WorkingDir": "/srv", "StopTimeout": 35, "Image": "shop:1.0.0",
        "Env": ["PATH=/usr/bin", "EMPTY=", "UNSET", "CERTIFICATE=one\ntwo", "EQUALS=a=b #c"],
    },
    "HostConfig": HOST,
    "NetworkSettings": {"Networks": {"shop-prod_database": {}, "shop-prod_default": {"Aliases": ["web-1"]}}},
}  # fmt: skip


def image(*entrypoint: str, **labelled: str) -> EngineImage:
    """Make an image."""
    return EngineImage("sha256:1", (), labelled, "65532", "", (), entrypoint=entrypoint)


def test_it_is_hardened_and_connected_as_the_other_one_and_nobody_asks_it() -> None:
    command = alike.alike_command(FACTS, "shop:1.0.0", ["ls", "-l"], "/dev/fd/3", ["--rm", "--name", "shop-prod-run-1"])
    said = " ".join(command)
    assert said.startswith("docker run --rm --name shop-prod-run-1 --init --pull never --no-healthcheck ")
    for words in (
        "--env-file /dev/fd/3", "--user 65532:65532", "--workdir /srv", "--stop-timeout 35", "--env CERTIFICATE ",
        "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges:true", "--memory 1073741824",
        "--pids-limit 512", "--tmpfs /tmp:size=64m,noexec", "--tmpfs /run ", "--cpus 1.5",
        "--volume shop-prod_uploads:/srv/uploads:rw", "--log-driver json-file --log-opt max-size=10m",
        "--mount type=volume,source=shop-prod-1-secrets,target=/run/secrets,readonly",
        "--network shop-prod_default --network shop-prod_database",
    ):  # fmt: skip
        assert words in said
    for word in ("--publish", "--restart", "--network-alias", "--privileged", "web-1"):
        assert word not in said
    assert command[-3:] == ["shop:1.0.0", "ls", "-l"]


def test_its_variables_are_in_a_file_or_where_none_can_have_them_in_the_environment() -> None:
    assert alike.lines(FACTS) == "PATH=/usr/bin\nEMPTY=\nEQUALS=a=b #c\n"
    assert alike.apart(FACTS) == {"CERTIFICATE": "one\ntwo"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (image("/venv/bin/python", "-I", "/opt/slipway/slipway/entrypoint.py"), ["ls"]),
        (
            image(**{labels.FORMAT: "1"}),
            ["--entrypoint", "python", "-m", "slipway.entrypoint", "ls"],
        ),
        (image("./start.sh", **{labels.FORMAT: "1"}), ["--entrypoint", "python", "-m", "slipway.entrypoint", "ls"]),
        (image("./start.sh"), ["--entrypoint", "ls"]),
    ],
    ids=["with Slipway's stage", "of Slipway's Dockerfile", "with another entrypoint", "of before"],
)
def test_an_entrypoint_that_does_anything_else_is_not_run(made: EngineImage, expected: list[str]) -> None:
    assert alike.entered(made, ["ls"]) == expected


def test_an_entrypoint_comes_before_the_image() -> None:
    entered = ["--entrypoint", "python", "-m", "slipway.entrypoint", "ls"]
    command = alike.alike_command(FACTS, "shop:1.0.0", entered, "-", [])
    assert command[-6:] == ["--entrypoint", "python", "shop:1.0.0", "-m", "slipway.entrypoint", "ls"]


@pytest.mark.parametrize(
    ("mode", "joined", "expected"),
    [
        ("none", {"none": {}}, ["none"]),
        ("container:1", {}, ["container:1"]),
        ("b", {"a": {}, "b": {}}, ["b", "a"]),
        ("", {}, []),
    ],
)
def test_networks_are_those_of_the_other_one(mode: str, joined: dict[str, Any], expected: list[str]) -> None:
    assert alike.networks({"HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": joined}}) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Type": "bind", "Source": "/a,b", "Target": "/c"}, 'type=bind,"source=/a,b",target=/c'),
        ({"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 9, "Mode": 0o1777}},
         "type=tmpfs,target=/t,tmpfs-size=9,tmpfs-mode=1777"),
        ({"Type": "volume", "Target": "/v", "VolumeOptions": {"NoCopy": True, "Subpath": "s"}},
         "type=volume,target=/v,volume-subpath=s,volume-nocopy"),
    ],
    ids=["comma", "in memory", "volume"],
)  # fmt: skip
def test_mounts_are_written_as_csv(given: dict[str, Any], expected: str) -> None:
    assert alike.mount(given) == expected
