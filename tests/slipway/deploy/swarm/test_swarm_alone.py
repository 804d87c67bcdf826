"""The lock of a database on its data: two that a Swarm starts are never at work at once."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from slipway.deploy.swarm.alone import SCRIPT, WAITS, alone, mounted
from slipway.engine.images import EngineImage
from tests.support import wait_for

DATA = "/var/lib/postgresql/data"
OFFICIAL = EngineImage.of({"Id": "1", "Config": {"Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["postgres"]}})
OWN = EngineImage.of({"Id": "2", "Config": {"Cmd": ["/opt/run", "-D"]}})


def volume(target: str, kind: str = "volume") -> dict[str, Any]:
    return {"Type": kind, "Source": "db", "Target": target}


@pytest.mark.parametrize(
    ("image", "container", "begun"),
    [
        (OFFICIAL, {}, ["docker-entrypoint.sh", "postgres"]),
        (OFFICIAL, {"Args": ["-c", "fsync=on"]}, ["docker-entrypoint.sh", "-c", "fsync=on"]),
        (OFFICIAL, {"Command": ["/own"]}, ["/own"]),
        (OFFICIAL, {"Command": ["/own"], "Args": ["a"]}, ["/own", "a"]),
        (OWN, {}, ["/opt/run", "-D"]),
        (OWN, {"Args": ["a"]}, ["a"]),
    ],
)
def test_a_database_begins_as_it_would_once_it_has_the_lock(
    image: EngineImage, container: dict[str, Any], begun: list[str]
) -> None:
    container |= {"Mounts": [volume(DATA)], "User": "postgres"}
    assert alone(container, image) == {**container, "Command": ["sh", "-c", SCRIPT, DATA], "Args": begun}


@pytest.mark.parametrize(
    ("mounts", "env", "folder"),
    [
        ([volume("/run/x"), volume(DATA)], [], DATA),
        ([volume("/var/lib/postgresql")], [], "/var/lib/postgresql"),  # of 18, where the image says PGDATA
        ([volume("/srv", "bind")], ["PGDATA=/srv/pg", "A=b"], "/srv"),
        ([volume("/srv"), volume("/srv/pg")], ["PGDATA=/srv/pg"], "/srv/pg"),
        ([volume(DATA, "tmpfs")], [], ""),
        ([], ["PGDATA="], ""),
    ],
)
def test_the_lock_is_of_what_is_mounted_and_has_the_data(
    mounts: list[dict[str, Any]], env: list[str], folder: str
) -> None:
    assert mounted({"Mounts": mounts, "Env": env}).get("Target", "") == folder
    assert ("Command" in alone({"Mounts": mounts, "Env": env}, OFFICIAL)) is bool(folder)


def test_where_the_data_is_its_image_may_say() -> None:
    mounts = [volume("/pg"), volume(DATA)]
    own = EngineImage.of({"Id": "3", "Config": {"Env": ["PATH=/bin", "PGDATA=/pg/data"]}})
    assert alone({"Mounts": mounts}, own)["Command"][-1] == "/pg"
    assert alone({"Mounts": mounts, "Env": [f"PGDATA={DATA}"]}, own)["Command"][-1] == DATA


def test_the_second_begins_when_the_last_process_of_the_first_has_ended(tmp_path: Path) -> None:
    data, said = tmp_path / "data", tmp_path / "said"
    data.mkdir()
    begin = ["sh", "-c", SCRIPT, str(data)]
    # What the first one leaves behind when it is killed goes on, as PostgreSQL's processes do for a moment.
    first = subprocess.Popen([*begin, "sh", "-c", "sleep 100 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    assert first.stdout
    left = int(first.stdout.readline())
    with said.open("w") as file:
        second = subprocess.Popen([*begin, "echo", "begins"], stdout=file, stderr=file)
    wait_for(lambda: WAITS in said.read_text())
    first.kill()
    first.wait()
    first.stdout.close()
    assert second.poll() is None
    subprocess.run(["kill", str(left)], check=True)
    assert second.wait(60) == 0
    assert said.read_text().splitlines() == [WAITS, "begins"]
    alone_now = subprocess.run([*begin, "echo", "at once"], capture_output=True, text=True, check=True)
    assert (alone_now.stdout, alone_now.stderr) == ("at once\n", "")


def test_without_the_folder_it_does_not_begin(tmp_path: Path) -> None:
    done = subprocess.run(["sh", "-c", SCRIPT, str(tmp_path / "x"), "echo", "begins"], capture_output=True, check=False)
    assert done.returncode
    assert done.stdout == b""
